import { globSync, readFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { readPolicyText, type ValidDocument } from '#control/documents.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import { ROOT } from '#harness/local/workers.ts'
import type { Result } from '#lib/result.ts'

const FOLDER = join(ROOT, 'policy')

/** A policy document of this machine, valid or with what is wrong with it. */
export interface PolicyFile {
  /** As people name it, from the root of the repository. */
  readonly shown: string
  readonly read: Result<ValidDocument, string[]>
}

/** Every document that a deployment can carry. */
export const carriedFiles = (): Promise<PolicyFile[]> =>
  Promise.all(
    globSync('*.jsonc', { cwd: FOLDER })
      .toSorted()
      .map((name) => readPolicyFile(join(FOLDER, name))),
  )

/** `given`: a path, or the name of a document in policy/. */
export async function readPolicyFile(given: string): Promise<PolicyFile> {
  const named = join(FOLDER, `${basename(given)}.jsonc`)
  const path = /^[\w-]+$/.test(given) && textOf(given) === null ? named : given
  const text = textOf(path)
  if (text === null) throw new StartProblem(`There is no policy ${given}.`)
  return { shown: relative(ROOT, path), read: await readPolicyText(text) }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EISDIR'))
      return null
    throw error
  }
}
