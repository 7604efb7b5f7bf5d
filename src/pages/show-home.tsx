import type { Config } from '#config.ts'
import { HomePage } from './home-page.tsx'
import { htmlAnswer } from './html-answer.ts'
import { isLoopbackHost } from '#lib/loopback.ts'

/** The people whom `npm start` brings along; see test/stand-ins/pingone. */
const STAND_IN_PEOPLE = [
  { username: 'ada', note: 'an ordinary person' },
  { username: 'bob', note: 'another one, with todos of his own' },
  { username: 'grace', note: 'a third one, in a group that this release does not use' },
]

/** GET /: how to connect. The stand-in's people are named only where PingOne is played on this machine. */
export function showHome(config: Config, productName: string): Response {
  const issuer = new URL(config.pingone.issuer)
  const { hostname, protocol } = new URL(config.publicOrigin)
  const isStandIn = isLoopbackHost(issuer.hostname)
  const page = (
    <HomePage
      mcpUrl={config.resource}
      isLocal={isLoopbackHost(hostname)}
      people={isStandIn ? STAND_IN_PEOPLE : []}
      password={isStandIn ? 'demo' : null}
      standInUrl={isStandIn ? `${issuer.origin}/__stand-in` : null}
      productName={productName}
    />
  )
  return htmlAnswer(page, { isHttps: protocol === 'https:' })
}
