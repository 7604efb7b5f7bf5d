import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { answerStepUp, requestStepUp, denyStepUp } from '#harness/step-up.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()
afterEach(() => story.emulator.reset())

const Line = z.looseObject({ event: z.string(), grant: z.string().optional() })
/** Log lines of the server. */
const ours = () =>
  story
    .logs('mcp')
    .split('\n')
    .filter((line) => line.startsWith('{'))
const eventsOf = (grant: string) =>
  ours()
    .map((line) => Line.parse(JSON.parse(line)))
    .filter((line) => line.grant === grant && line.event.startsWith('step-up.'))

test.each([
  ['allows', answerStepUp, ['step-up.opened', 'step-up.approved']],
  ['refuses', denyStepUp, ['step-up.opened', 'step-up.denied']],
] as const)(
  'what a client asked for and a user %s is in the log, by grant',
  async (_what, decide, events) => {
    const { tokens, user, link } = await requestStepUp(story)
    await decide(link, user)
    const [, grant = ''] = tokens.access_token.split(':')
    await expect.poll(() => eventsOf(grant).map(({ event }) => event)).toEqual(events)
    expect(eventsOf(grant)[0]).toMatchObject({ grant, scopes: expect.stringContaining('todo:write') })
    // The log mentions a link but not its id.
    expect(story.logs('mcp')).not.toContain(link.slice(link.indexOf('~') + 1))
    // wrangler's own lines contain every path.
    expect(story.logs('mcp')).toMatch(/\[wrangler:info\] GET \/step-up\/\[secret\] 200/)
  },
)
