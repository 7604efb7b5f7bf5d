import { toBase64Url } from './base64url.ts'

/** SHA-256, base64url: says which of two secrets is meant, and opens nothing. */
export const thumbprint = async (secret: string): Promise<string> =>
  toBase64Url(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret)))
