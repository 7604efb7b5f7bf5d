import { err } from '#lib/result.ts'
import type { Principal } from '#principal.ts'
import { errorCode, readDenial, RpcDenial } from '../json-rpc-error.ts'
import { type Read, type Reads, Completed, Forms, Parts } from '../lists/reads.ts'
import type { Caller } from './caller.ts'
import { invoke } from './invoke-tool.ts'

/** The context of one read request. */
export interface Reader {
  principal: Principal
  caller: (input: Record<string, unknown>) => Promise<Caller>
  /** Error code for a missing resource: MCP 2025-11-25 and 2026-07-28 differ. */
  notFound: number
}

export async function readResource(reads: Reads, uri: string, reader: Reader) {
  const found = reads.resource(uri)
  if (!found.ok || reader.principal.isNameHidden) throw noResource(uri, reader)
  const { structured, _meta } = await read(found.value, reader, uri)
  return { contents: Forms.parse(structured).forms.map((form) => ({ uri, ...form })), _meta }
}

export async function getPrompt(reads: Reads, name: string, input: unknown, reader: Reader) {
  const found = reads.prompt(name, input)
  if (!found.ok || reader.principal.isNameHidden)
    throw new RpcDenial(errorCode.invalidParams, 'There is no such prompt.')
  const { structured, _meta } = await read(found.value, reader, null)
  return {
    _meta,
    description: found.value.act.description,
    messages: Parts.parse(structured).parts.map((part) => ({
      role: 'user' as const,
      content:
        'instruction' in part
          ? { type: 'text' as const, text: part.instruction }
          : { type: 'resource' as const, resource: { uri: part.resource.uri, ...part.resource.form } },
    })),
  }
}

export async function complete(reads: Reads, params: Parameters<Reads['completion']>[0], reader: Reader) {
  const found = reader.principal.isNameHidden ? err('unknown' as const) : reads.completion(params)
  if (found.ok) {
    const { structured, _meta } = await read(found.value, reader, null)
    return { completion: Completed.parse(structured), _meta }
  }
  if (found.error === 'nothing') return { completion: { values: [], total: 0, hasMore: false } }
  throw new RpcDenial(errorCode.invalidParams, 'There is nothing of this name to complete.')
}

async function read({ act, input }: Read, { principal, caller, notFound }: Reader, uri: string | null) {
  const made = await caller(act.input.parse(input))
  const { answer, transaction, words } = await invoke(act, input, principal, made)
  if (answer.ok) return { structured: answer.value.structured, _meta: { transaction } }
  if (uri !== null && answer.error.reason === 'gone') throw noResource(uri, { notFound, transaction })
  throw readDenial(answer.error, words, transaction)
}

/**
 * MCP 2026-07-28 Resources, Error Handling: the error names the URI in a field. The URI is the client's text, so only
 * a bounded URI of visible ASCII is echoed.
 */
export const noResource = (
  uri: string,
  { notFound, transaction }: Pick<Reader, 'notFound'> & { transaction?: string },
) =>
  new RpcDenial(notFound, 'There is no such resource.', {
    ...(ECHOED_URI.test(uri) ? { uri } : {}),
    ...(transaction === undefined ? {} : { transaction }),
  })

const ECHOED_URI = /^[!-~]{1,256}$/
