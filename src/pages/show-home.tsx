import type { Config } from '#config.ts'
import { HomePage } from './home-page.tsx'
import { htmlAnswer } from './html-answer.ts'
import { isLoopbackHost } from '#lib/addresses.ts'

/** The users whom `npm start` brings along; see emulators/pingone. */
const EMULATOR_PEOPLE = [
  { username: 'ada', note: 'an ordinary user' },
  { username: 'bob', note: 'another one, who sees only his own data' },
  { username: 'grace', note: 'a third one, in a group that this release does not use' },
]

/** GET /: how to connect. The emulator's users are named only where PingOne is played on this machine. */
export function showHome(config: Config, { title, slug }: { title: string; slug: string }): Response {
  const issuer = new URL(config.pingone.issuer)
  const { hostname, protocol } = new URL(config.publicOrigin)
  const isEmulator = isLoopbackHost(issuer.hostname)
  const page = (
    <HomePage
      mcpUrl={config.resource}
      isLocal={isLoopbackHost(hostname)}
      users={isEmulator ? EMULATOR_PEOPLE : []}
      password={isEmulator ? 'demo' : null}
      emulatorUrl={isEmulator ? `${issuer.origin}/__emulator` : null}
      productName={title}
      serverName={slug}
    />
  )
  return htmlAnswer(page, { isHttps: protocol === 'https:' })
}
