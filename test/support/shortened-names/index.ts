import { jwtVerify } from 'jose'
import { processDiscoveryResponse } from 'oauth4webapi'
import { nameErrors } from '#pingone/failures.ts'

const nameOf = async (work: () => Promise<unknown>): Promise<string> =>
  work().then(
    () => 'no error',
    (error: unknown) => (error instanceof Error ? error.name : 'not an error'),
  )

/** What errors of the libraries are called in a bundle, before and after the server names them. */
export async function tellNames(): Promise<{ before: string[]; after: string[] }> {
  const ofJose = () => nameOf(() => jwtVerify('no token', new Uint8Array(32)))
  const ofOAuth = () =>
    nameOf(() =>
      processDiscoveryResponse(new URL('https://issuer.example'), new Response(null, { status: 500 })),
    )
  const before = [await ofJose(), await ofOAuth()]
  nameErrors()
  return { before, after: [await ofJose(), await ofOAuth()] }
}

// What wrangler.jsonc asks of an entry. Only test/unit/bundle.test.ts bundles this one, and it runs in Node.
const none = (): void => {}
export { none as Control, none as McpSession, none as User }
export default { fetch: () => new Response() }
