import { expect } from 'vitest'
import { callTool, tokensIn } from './client.ts'
import { again, checkRecords, type Journey, LOST_CALL_MS, sane, signIn, useOf, writesOf } from './checks.ts'
import { later, runAlarm, storedOf } from './inside.ts'
import { families, switches } from './witness.ts'

const codeExchange: Journey = {
  name: 'code exchange',
  graceSeconds: 0,
  async prepare(client, id) {
    const code = await signIn(client, id)
    return {
      act: () => client.redeem(code),
      async check(first) {
        const answer = await again(() => client.redeem(code), first)
        if (answer.status === 200) return useOf(client, tokensIn(answer))
        expect(JSON.parse(answer.text)).toMatchObject({ error: 'invalid_grant' })
        return 'code_reused'
      },
    }
  },
}

const refresh: Journey = {
  name: 'refresh',
  graceSeconds: 0,
  async prepare(client, id) {
    const { refresh_token } = tokensIn(await client.redeem(await signIn(client, id)))
    return {
      act: () => client.refresh(refresh_token),
      async check(first) {
        const answer = await again(() => client.refresh(refresh_token), first)
        const pair = tokensIn(answer)
        // A client that missed the answer and retries gets the same pair.
        expect(tokensIn(await client.refresh(refresh_token)).refresh_token).toBe(pair.refresh_token)
        return useOf(client, pair)
      },
    }
  },
}

/** PingOne's token has expired, so the call refreshes it first. */
const toolCall = (tool: 'listTodos' | 'addTodo', graceSeconds: number): Journey => ({
  name: `${tool === 'addTodo' ? 'write' : 'read'} tool, grace ${graceSeconds} s`,
  graceSeconds,
  async prepare(client, id) {
    switches.accessTokenSeconds = 200
    const tokens = tokensIn(await client.redeem(await signIn(client, id)))
    switches.accessTokenSeconds = 3600
    const ask = () => callTool(tokens.access_token, tool, tool === 'addTodo' ? { text: id } : {})
    return {
      act: ask,
      async check(first) {
        if (first.status !== 200) expect(writesOf(id)).toBe(0)
        const answer = await again(ask, first)
        if (tool === 'addTodo') {
          if (answer.status !== 200) expect(writesOf(id)).toBe(0)
          else if (answer.text.includes('"isError":true')) expect(writesOf(id)).toBeLessThanOrEqual(1)
          else expect(writesOf(id)).toBe(1)
        }
        const end = await useOf(client, tokens)
        await checkRecords(tokens, id)
        return end
      },
    }
  },
})

const end: Journey = {
  name: 'end',
  graceSeconds: 0,
  async prepare(client, id) {
    const tokens = tokensIn(await client.redeem(await signIn(client, id)))
    return {
      async act() {
        const answer = await client.revoke(tokens.refresh_token)
        await runAlarm(tokens)
        return answer
      },
      async check(first) {
        const answer = await again(() => client.revoke(tokens.refresh_token), first)
        expect(answer.status).toBe(200)
        expect(sane(await callTool(tokens.access_token, 'listTodos')).status).toBe(401)
        expect((await client.refresh(tokens.refresh_token)).text).toContain('the client revoked it')
        // PingOne is notified at once or at the next retry.
        await later(tokens, LOST_CALL_MS)
        expect(await storedOf(tokens, 'revoke:')).toEqual([])
        expect(families.filter(({ subject }) => subject === id)).toMatchObject([{ isAlive: false }])
        return 'goes on'
      },
    }
  },
}

export const journeys: readonly Journey[] = [
  codeExchange,
  refresh,
  toolCall('listTodos', 60),
  toolCall('listTodos', 0),
  toolCall('addTodo', 60),
  toolCall('addTodo', 0),
  end,
]
