import fc from 'fast-check'
import { givenKey } from '#mcp/calls/idempotency.ts'
import { KEY_NAME } from '../product.ts'
import { forwardRequest } from '#mcp/edge/arrival.ts'
import { canShowForms, formOf, isAgreed } from '#mcp/calls/consent.ts'
import { describeAnswer } from '#todos/api/describe-answer.ts'
import { readAnswer } from '#todos/api/read-answer.ts'
import { tools } from '#todos/tools/index.ts'
import { oddJson, oddText, corrupted } from './odd.ts'
import { mustHold, type ParserProperty, propertyOf } from './parser-property.ts'

const todos = corrupted(
  fc.record({
    todos: fc.array(fc.record({ id: fc.oneof(fc.nat(), oddText), text: oddText, completed: fc.boolean() })),
  }),
)
const heard = fc.record({
  status: fc.integer({ min: 100, max: 599 }),
  headers: fc
    .constantFrom(
      '5',
      '-1',
      '1e9',
      'Wed, 21 Oct 2026 07:28:00 GMT',
      'Foo, 99 Bar 9999 99:99:99 GMT',
      '9'.repeat(400),
    )
    .map((after) => new Headers({ 'retry-after': after })),
  text: fc.oneof(
    todos.map((value) => JSON.stringify(value) ?? ''),
    oddText,
  ),
})

/** The parsers between a call and the API. */
export const callProperties: readonly ParserProperty[] = [
  propertyOf(
    'a key of a call is what the client gave, none, or refused',
    fc.tuple(fc.constantFrom(...tools), oddJson),
    async ([tool, given]) => {
      const read = givenKey(tool, { [KEY_NAME]: given }, KEY_NAME)
      if (tool.effect === 'read') return mustHold(read.ok && read.value === null, 'a read has a key')
      const isKey = typeof given === 'string' && /^[A-Za-z0-9._:-]{1,128}$/.test(given)
      mustHold(read.ok === isKey && (!read.ok || read.value === given), 'another key')
    },
  ),
  propertyOf(
    'arguments are taken by a tool or refused, and what is taken is taken again',
    fc.tuple(
      fc.constantFrom(...tools),
      corrupted(
        fc.record(
          { text: oddText, id: oddText, ids: fc.array(oddText), completed: fc.boolean() },
          { requiredKeys: [] },
        ),
      ),
    ),
    ([tool, given]) => {
      const once = tool.input.safeParse(given)
      if (!once.success) return
      const twice = tool.input.safeParse(once.data)
      mustHold(
        twice.success && JSON.stringify(twice.data) === JSON.stringify(once.data),
        'parsing again changes it',
      )
    },
  ),
  propertyOf(
    'an answer is agreement only where it says so',
    corrupted(fc.constant({ action: 'accept', content: { confirm: true } })),
    (reply) => {
      const text = JSON.stringify(reply) ?? ''
      mustHold(
        !isAgreed(reply) || (text.includes('"accept"') && text.includes('"confirm":true')),
        'it does not',
      )
      canShowForms(reply)
    },
  ),
  propertyOf(
    'a question is the same whatever its items say',
    fc.array(fc.record({ id: oddText, text: oddText }), { maxLength: 5 }),
    (items) => {
      const { message: shown, requestedSchema } = formOf({ question: 'Delete?', items })
      mustHold(
        shown === 'Delete?' && Object.keys(requestedSchema.properties).join() === 'items,confirm',
        'another',
      )
    },
  ),
  propertyOf(
    'only named headers reach a transport',
    fc.tuple(fc.stringMatching(/^[a-z-]{1,20}$/), fc.stringMatching(/^[!-~]{0,20}$/)),
    ([name, value]) => {
      const request = new Request('https://a.example/mcp?_pk=1', {
        headers: { [name]: value, authorization: 'Bearer x', 'cf-mcp-method': 'POST' },
      })
      const forwarded = forwardRequest(request)
      mustHold(
        !forwarded.headers.has('authorization') &&
          !forwarded.headers.has('cf-mcp-method') &&
          forwarded.url === 'https://a.example/mcp',
        'more',
      )
    },
  ),
  propertyOf(
    'what the API answers is todos or a reason',
    fc.tuple(heard, fc.constantFrom('read', 'read_after', 'add', 'change')),
    ([answer, act]) => {
      const read = readAnswer(answer, act, 1_700_000_000)
      if (read.ok)
        return mustHold(
          [...read.value.todos.map(({ id }) => id), read.value.part?.next ?? 'none'].every((id) =>
            /^[A-Za-z0-9_-]{1,128}$/.test(id),
          ),
          'an id that is none',
        )
      if (read.error.reason === 'busy')
        mustHold(
          (read.error.retryAfterSeconds ?? 1) >= 1 && (read.error.retryAfterSeconds ?? 1) <= 3600,
          'a strange wait',
        )
      mustHold(JSON.stringify(describeAnswer(answer)).length < 300, 'the log gets much')
    },
  ),
]
