import { z } from 'zod'

/*
 * A policy document: rules as data. Precedence is hide > deny > approve > allow, so the order of the rules never matters;
 * where no rule matches, the document's default holds (decision 24).
 */

export const Effect = z.enum(['hide', 'deny', 'approve', 'allow'])
export type Effect = z.infer<typeof Effect>

/** What a rule can be about. `server`: whether a user may connect at all. `any`: every tool, prompt and resource. */
export const RuleKind = z.enum(['server', 'tool', 'prompt', 'resource', 'any'])
export type RuleKind = z.infer<typeof RuleKind>

const text = (most: number) => z.string().min(1).max(most)

/**
 * A text is compared exactly. `glob`: `*` is any run of characters but `/`, `**` any run, `?` one character but `/`.
 * `regex`: RE2 syntax over the whole name, in linear time.
 */
export const Pattern = z.union([
  text(256),
  z.strictObject({ glob: text(256) }),
  z.strictObject({ regex: text(256) }),
])
export type Pattern = z.infer<typeof Pattern>

const patterns = z.union([Pattern, z.array(Pattern).min(1).max(100)])

/** One way to be meant by a rule: by the id of a user, by a group, or by the value of a claim that the settings name. */
export const Who = z.union([
  z.strictObject({ user: text(64) }),
  z.strictObject({ group: text(256) }),
  z.strictObject({ claim: text(64), is: text(256) }),
])
export type Who = z.infer<typeof Who>

export const Rule = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/),
  /** The slug of a product, or `server` for the engine's own tools. Absent: all. */
  app: patterns.optional(),
  /** `name` of a resource is its URI; of one behind a template, its URI or the template. Absent: all of the kind. */
  what: z.strictObject({
    kind: RuleKind,
    name: patterns.optional(),
    /** Only tools that change something, or only what reads. Absent: both. */
    writes: z.boolean().optional(),
  }),
  /** Any of them. Absent: everyone. */
  who: z.array(Who).min(1).max(100).optional(),
  /** A CEL expression over `args`, `user`, `client`, `request` and `now` (condition.ts). Absent: always. */
  if: text(2000).optional(),
  effect: Effect,
  /** `shadow`: what it would have decided is recorded, and nothing changes. */
  mode: z.enum(['enforce', 'shadow']).default('enforce'),
  /** The sentence that a denied user is shown. */
  says: text(300),
})
export type Rule = z.infer<typeof Rule>

export const MOST_RULES = 1000

export const PolicyDocument = z.strictObject({
  $schema: z.string().optional(),
  version: z.literal(1),
  /** What happens where no rule matches. */
  default: z.enum(['allow', 'deny', 'hide']),
  /** Claims older than this are renewed before they count. */
  claimsMaxAgeSeconds: z.int().min(60).max(86_400).default(3600),
  rules: z.array(Rule).max(MOST_RULES),
})
export type PolicyDocument = z.infer<typeof PolicyDocument>
