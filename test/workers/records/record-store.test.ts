import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RecordTable } from '#oauth-store/record-table.ts'
import type { RecordRow } from '#oauth-store/record-row.ts'

/** A simple model of Workers KV's guarantees. */
class Model {
  readonly #rows = new Map<string, RecordRow>()
  nowSeconds = 1000

  #live = () =>
    [...this.#rows].filter(
      ([, { expiresAtSeconds }]) => expiresAtSeconds === null || expiresAtSeconds > this.nowSeconds,
    )

  get = (key: string) => new Map(this.#live()).get(key)?.value ?? null
  put = (key: string, row: RecordRow) => void this.#rows.set(key, row)
  delete = (key: string) => void this.#rows.delete(key)
  list = (prefix: string) =>
    this.#live()
      .map(([key]) => key)
      .filter((key) => key.startsWith(prefix))
      .toSorted()
}

const key = fc.constantFrom('grant:a', 'grant:b', 'token:a:1', 'token:a:2', 'token:b:1', 'token:ab:1')
const act = fc.oneof(
  fc.record({
    act: fc.constant('put'),
    key,
    value: fc.string(),
    lifeSeconds: fc.option(fc.integer({ min: 1, max: 100 })),
  }),
  fc.record({ act: fc.constant('delete'), key }),
  fc.record({ act: fc.constant('get'), key }),
  fc.record({
    act: fc.constant('list'),
    prefix: fc.constantFrom('', 'grant:', 'token:', 'token:a:', 'none'),
    limit: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({ act: fc.constant('wait'), seconds: fc.integer({ min: 0, max: 60 }) }),
)

function listAll(store: RecordTable, prefix: string, limit: number): string[] {
  const names: string[] = []
  let cursor: string | undefined
  do {
    const page = store.list(prefix, cursor === undefined ? { limit } : { limit, cursor })
    names.push(...page.keys.map(({ name }) => name))
    cursor = page.cursor
  } while (cursor !== undefined)
  return names
}

test('whatever is put, deleted, listed and waited for, it answers as Workers KV would', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 60 }), fc.uuid(), async (acts, name) => {
      await runInDurableObject(env.USER.getByName(name), (_user, { storage }) => {
        const model = new Model()
        const store = new RecordTable(storage.kv, () => model.nowSeconds)
        const answers = acts.map((step): [unknown, unknown] => {
          if ('seconds' in step) model.nowSeconds += step.seconds
          if ('prefix' in step) return [listAll(store, step.prefix, step.limit), model.list(step.prefix)]
          if (step.act === 'get' && 'key' in step) return [store.get(step.key), model.get(step.key)]
          if (step.act === 'delete' && 'key' in step) [store, model].forEach((side) => side.delete(step.key))
          if ('value' in step) {
            const expiresAtSeconds = step.lifeSeconds === null ? null : model.nowSeconds + step.lifeSeconds
            ;[store, model].forEach((side) => side.put(step.key, { value: step.value, expiresAtSeconds }))
          }
          return [null, null]
        })
        expect(answers.map(([stored]) => stored)).toEqual(answers.map(([, modelled]) => modelled))
        expect(listAll(store, '', 3)).toEqual(model.list(''))
      })
    }),
    { numRuns: 200 },
  )
})

test('what ran out is named once, with the time of the next', async () => {
  await runInDurableObject(env.USER.getByName('due'), (_user, { storage }) => {
    let now = 10
    const store = new RecordTable(storage.kv, () => now)
    store.put('grant:a', { value: 'A', expiresAtSeconds: 20 })
    store.put('grant:b', { value: 'B', expiresAtSeconds: 30 })
    store.put('grant:c', { value: 'C', expiresAtSeconds: null })
    expect(store.due(500)).toEqual({ over: [], nextSeconds: 20 })
    now = 20
    expect(store.due(500)).toEqual({ over: [{ key: 'grant:a', value: 'A' }], nextSeconds: 30 })
  })
})

test('an object that was only asked stores nothing', async () => {
  await runInDurableObject(env.USER.getByName('asked'), (_user, { storage }) => {
    const store = new RecordTable(storage.kv, () => 0)
    expect(store.get('grant:a')).toBeNull()
    expect(store.list('').keys).toEqual([])
    expect([...storage.kv.list()]).toEqual([])
  })
})
