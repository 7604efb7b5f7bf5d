import { base64url } from 'jose'

/** 256 random bits in base64url, for codes, tokens and cookies. */
export const randomText = (): string => base64url.encode(crypto.getRandomValues(new Uint8Array(32)))

export async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
}
