import { z } from 'zod'
import { boundedText, textUpTo } from '#lib/bounded-text.ts'
import { ok } from '#lib/result.ts'
import { defineTool, type Tool } from './define-tool.ts'
import type { Me } from './tool-context.ts'

const MAX_NAME = 100
const instant = (seconds: number) => new Date(seconds * 1000).toISOString()
const clockTime = (iso: string) => `${iso.slice(11, 16)} UTC`

interface WhoAmI {
  /** The product's `apiName`. */
  readonly api: string
  readonly scopes: readonly [string, ...string[]]
  /** Completes "I may …", for the scopes of the grant: `read your orders`. */
  readonly say: (granted: readonly string[]) => string
}

/** The tool that every product has: who is signed in, the scopes of the grant, and the claims of the downstream token. */
export const whoAmI = ({ api, scopes, say }: WhoAmI): Tool<{ me: Me }> =>
  defineTool({
    name: 'whoAmI',
    title: 'Who am I',
    description:
      `Tells who is signed in, what you may do for this user and until when, and what the token for the ${api} ` +
      'says (never the token). Use it to check the connection or when the user asks who they are here.',
    input: z.strictObject({}),
    output: z.object({
      name: textUpTo(MAX_NAME).nullable(),
      scopes: z.array(textUpTo(100)).max(20),
      accessEndsAt: z.iso.datetime(),
      downstreamToken: z
        .object({
          issuer: textUpTo(300),
          audience: z.array(textUpTo(300)).max(10),
          scopes: z.array(textUpTo(100)).max(50),
          acr: textUpTo(200).nullable(),
          expiresAt: z.iso.datetime().nullable(),
          /** SHA-256, base64url: it compares two answers and reveals no token. */
          thumbprint: z.string().length(43),
        })
        .nullable(),
    }),
    scopes,
    effect: 'read',
    async run(_input, { me }: { me: Me }) {
      const token = me.downstream
      return ok({
        name: boundedText(me.name ?? '', MAX_NAME) || null,
        scopes: [...me.scopes],
        accessEndsAt: instant(me.accessEndsAtSeconds),
        downstreamToken: token && {
          issuer: token.issuer,
          audience: [...token.audience],
          scopes: [...token.scopes],
          acr: token.acr,
          expiresAt: token.expiresAtSeconds === null ? null : instant(token.expiresAtSeconds),
          thumbprint: token.thumbprint,
        },
      })
    },
    say: ({ scopes: granted, accessEndsAt }) =>
      `You are signed in. I may ${say(granted)} until ${clockTime(accessEndsAt)}.`,
  })
