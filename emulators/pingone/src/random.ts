import { base64url } from 'jose'

/** 256 bits nobody can guess, in base64url: codes, tokens, cookie values. */
export const randomText = (): string => base64url.encode(crypto.getRandomValues(new Uint8Array(32)))

export async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
}
