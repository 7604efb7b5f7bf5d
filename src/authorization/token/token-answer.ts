import { fromBase64Url, toBase64Url } from '#lib/hash.ts'

/**
 * A stored answer to a redeemed refresh token opens only for who presents that token again: the key comes from the
 * token, so whoever reads the storage has nothing.
 */
const INFO = new TextEncoder().encode('answer to a repeated refresh')

async function keyOf(token: string): Promise<CryptoKey> {
  const root = await crypto.subtle.importKey('raw', new TextEncoder().encode(token), 'HKDF', false, [
    'deriveKey',
  ])
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: INFO }
  return crypto.subtle.deriveKey(hkdf, root, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}

export async function encryptAnswer(token: string, answer: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const encrypted = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv },
    await keyOf(token),
    new TextEncoder().encode(answer),
  )
  return `${toBase64Url(iv)}.${toBase64Url(encrypted)}`
}

/** Throws when it does not open: a stored answer that does not fit its token is a bug. */
export async function openAnswer(token: string, encrypted: string): Promise<string> {
  const [iv = '', text = ''] = encrypted.split('.')
  const algorithm = { name: 'AES-GCM', iv: fromBase64Url(iv) }
  return new TextDecoder().decode(
    await crypto.subtle.decrypt(algorithm, await keyOf(token), fromBase64Url(text)),
  )
}
