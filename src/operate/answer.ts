import { z } from 'zod'
import { isQueryTooLong, readBody } from '#http/read-request.ts'
import { networkOf } from '#lib/addresses.ts'
import { agentFamily } from '#lib/agent-family.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { newIncident } from '#lib/trace.ts'
import type { Role } from '#lib/roles.ts'
import type { OperatorSession } from '#users/operators/operator-api.ts'
import type { UserObjectApi } from '#users/user.ts'
import {
  answerApiDenial,
  type ApiDenial,
  apiHeaders,
  blocked,
  invalid,
  lacksRole,
  tooLarge,
  tooMany,
  unauthenticated,
  unavailable,
} from './api-denial.ts'
import type { OperateDeps } from './deps.ts'
import { readOperatorToken } from './operator-token.ts'

/** The operator behind a request. */
export interface Operator {
  /** The name of their object. */
  name: string
  user: UserObjectApi
  /** The hash of the token. */
  session: string
  signIn: OperatorSession
  from: { network: string; agent: string }
}

/** A route of the operator API: who may use it, what it takes, and what it does. */
export interface Handler<Input extends z.ZodType, Answer> {
  role: Role
  input: Input
  /** The most bytes of a body, where a document comes with it. Absent: 16 KiB. */
  maxBytes?: number
  run: (input: z.output<Input>, operator: Operator, deps: OperateDeps) => Promise<Result<Answer, ApiDenial>>
}

const LIMIT = { type: 'application/json', maxBytes: 16 * 1024 } as const

/**
 * Answers one request: the bearer first, then the role, then the input. A GET takes its query, a POST its JSON body.
 * `params`: values of the path, which the input has too.
 * @step operate 14-16 one request of the command
 */
export async function answerOperator<Input extends z.ZodType, Answer>(
  request: Request,
  deps: OperateDeps,
  handler: Handler<Input, Answer>,
  params: Readonly<Record<string, string>> = {},
): Promise<Response> {
  try {
    const operator = await readOperator(request, deps)
    if (!operator.ok) return await refuseBearer(operator.error, deps)
    const answer = await run(request, operator.value, deps, handler, params)
    return answer.ok ? Response.json(answer.value, { headers: apiHeaders }) : answerApiDenial(answer.error)
  } catch (error) {
    const incident = newIncident()
    const detail = error instanceof Error ? redacted(`${error.name}: ${error.message}`) : 'not an error'
    const { pathname } = new URL(request.url)
    log.error('operate.unavailable', { incident, at: pathname, detail })
    return answerApiDenial(unavailable(incident))
  }
}

async function run<Input extends z.ZodType, Answer>(
  request: Request,
  operator: Operator,
  deps: OperateDeps,
  { role, input, maxBytes, run: act }: Handler<Input, Answer>,
  params: Readonly<Record<string, string>>,
): Promise<Result<Answer, ApiDenial>> {
  if (!operator.signIn.roles.includes(role)) return err(lacksRole(role))
  const given = request.method === 'GET' ? readQuery(request) : await readJson(request, maxBytes)
  if (!given.ok) return given
  const read = input.safeParse({ ...given.value, ...params })
  return read.success ? act(read.data, operator, deps) : err(invalid(problemsIn(read.error)))
}

// The same grammar as at /mcp.
const BEARER = /^Bearer[\t ]+([^\s,]+)$/i

/** Nothing of another grammar or with a wrong MAC reaches an object. */
async function readOperator(request: Request, { userOf }: OperateDeps): Promise<Result<Operator, ApiDenial>> {
  const [, text = ''] = BEARER.exec(request.headers.get('Authorization') ?? '') ?? []
  const token = await readOperatorToken(text)
  const user = token === null ? null : await userOf(token.userId)
  if (token === null || user === null) return err(unauthenticated)
  const signIn = await user.readOperator(token.session)
  if (typeof signIn === 'string') return err(signIn === 'blocked' ? blocked : unauthenticated)
  const [name = ''] = token.userId.split('.')
  const from = { network: networkOf(request), agent: agentFamily(request) }
  return ok({ name, user, session: token.session, signIn, from })
}

async function refuseBearer(denial: ApiDenial, deps: OperateDeps): Promise<Response> {
  deps.countDenial('operate.bearer')
  return deps.limitFailure(answerApiDenial(denial), (seconds) => answerApiDenial(tooMany(seconds)))
}

type Members = Record<string, unknown>

function readQuery({ url }: Request): Result<Members, ApiDenial> {
  const { searchParams } = new URL(url)
  if (isQueryTooLong(new URL(url))) return err(tooLarge)
  const given = [...searchParams]
  const isRepeated = new Set(given.map(([name]) => name)).size < given.length
  return isRepeated ? err(invalid('a parameter is there twice')) : ok(Object.fromEntries(given))
}

const JsonObject = z.record(z.string(), z.unknown())

async function readJson(request: Request, maxBytes = LIMIT.maxBytes): Promise<Result<Members, ApiDenial>> {
  if (request.body === null || request.headers.get('Content-Length') === '0') return ok({})
  const body = await readBody(request, { ...LIMIT, maxBytes })
  if (!body.ok)
    return err(body.error === 'size' ? tooLarge : invalid(`the content type is not ${LIMIT.type}`))
  const json = JsonObject.safeParse(parsed(new TextDecoder().decode(body.value)))
  return json.success ? ok(json.data) : err(invalid('the body is not a JSON object'))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const MOST_PROBLEMS = 5

/** Names of fields, and our own sentences about them; never a value. */
const problemsIn = ({ issues }: z.ZodError): string =>
  issues
    .slice(0, MOST_PROBLEMS)
    .map((issue) => {
      const field = issue.path.map(String).join('.') || 'the request'
      return issue.code === 'custom' ? `${field}: ${issue.message.replace(/\.$/, '')}` : field
    })
    .join('; ')
