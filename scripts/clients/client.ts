import type { ScriptedModel } from './scripted-model.ts'
import type { Output, RunClient } from './run-client.ts'
import type { Scratch } from './scratch.ts'

/** What a client gets to connect with. */
export interface Bench {
  readonly mcpUrl: string
  readonly scratch: Scratch
  readonly run: RunClient
  readonly model: ScriptedModel
}

/** A client that can be driven: each function runs its real program. */
export interface DrivenClient {
  /** The first connection. */
  login(): Promise<Output>
  /** A further login that asks for all scopes, for clients that show a denial and stop. */
  loginForMore?(): Promise<Output>
  list(): Promise<Output>
  call(tool: string, input: Readonly<Record<string, string>>): Promise<Output>
  /** Ends what runs in the background between two commands. */
  restart?(): Promise<void>
  /** Ends what it would leave running. */
  close?(): Promise<void>
}

export interface ClientRecipe {
  /** As in `npm run clients -- <name>`. */
  readonly name: string
  readonly title: string
  /** The first one is the client. */
  readonly packages: readonly [string, ...string[]]
  readonly drivenBy: 'its commands' | 'its app server' | 'a scripted model' | 'an application'
  /** In docs/clients. */
  readonly page: string
  open(bench: Bench): Promise<DrivenClient>
}

/** The name of the server in each client's settings. */
export const SERVER = 'todos'
