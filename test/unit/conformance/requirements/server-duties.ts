import {
  OTHERS,
  GARBAGE,
  SUITE,
  SPEC,
  ANSWERS,
  READS,
  TRANSPORTS,
  LONG,
  REACH,
  WORDS,
  type Requirement,
} from './requirement.ts'

export const serverDuties: readonly Requirement[] = [
  {
    id: 111,
    level: 'MUST',
    asks: 'Arguments are checked, and wrong ones are told, never a failure of the server',
    section: 'Tools, Security Considerations',
    testedBy: [
      `${SPEC}#whether %s may be called is decided by the scopes of the bearer`,
      `${TRANSPORTS}#%s: an argument that the tool does not have is refused`,
      `${REACH}#%s: arguments of the wrong shape are refused, and none is executed`,
      `${GARBAGE}#%s: what is no request of JSON-RPC is refused, and nothing is executed`,
    ],
  },
  {
    id: 112,
    level: 'MUST',
    asks: 'Who may call which tool is decided for each call',
    section: 'Tools, Security Considerations',
    testedBy: [
      `${SPEC}#whether %s may be called is decided by the scopes of the bearer`,
      `${OTHERS}#two users with two clients each, on both transports and interleaved, see their own todos alone`,
    ],
  },
  {
    id: 113,
    level: 'MUST',
    asks: 'How often tools are called is limited',
    section: 'Tools, Security Considerations',
    testedBy: [
      'test/workers/calls/rates.test.ts#a grant asks as often as the setting says, at once; then it waits a second, and goes on',
      'test/attack/floods/made-up-floods.test.ts#T15 5,000 made-up bearers and session ids: 401, then 429; no object, nothing in KV',
    ],
    reason: 'What the platform itself holds back is seen only in a deployment.',
  },
  {
    id: 114,
    level: 'MUST',
    asks: 'What comes from elsewhere is cleaned, and results fit their schema',
    section: 'Tools, Security Considerations; Tools, Output Schema',
    testedBy: [
      `${WORDS}#T25 %s: an order in a todo stays a value in a field of a result`,
      `${WORDS}#T25 %s: what cannot be seen is not carried into a model`,
      'test/unit/mcp/invoke-tool.test.ts#an output that does not fit its schema is not shown',
      'test/unit/todos/tools/tools.test.ts#a field that the output schema does not name cannot leak',
    ],
  },
  {
    id: 115,
    level: 'MUST',
    asks: 'What is served is declared, and nothing else',
    section: 'Tools, Capabilities; Discovery',
    testedBy: [
      `${TRANSPORTS}#both transports say who they are, what to beware of, and promise nothing that they do not do`,
      `${READS}#the stateless transport opens a stream of changes for nothing`,
      SUITE,
    ],
  },
  {
    id: 116,
    level: 'SHOULD',
    asks: 'Names of tools are short, plain and unique; each has words and hints',
    section: 'Tools, Tool Names',
    testedBy: [
      `${TRANSPORTS}#%s: tools are listed with title, hints and strict schemas`,
      'test/unit/todos/tools/registry.test.ts#%s lacks nothing',
      'test/unit/todos/tools/registry.test.ts#names of tools, resources and prompts are unique and in a fixed order',
      'test/e2e/inspector-cli.test.ts#Inspector’s command line (%s) finds nothing to say about our tools, and calls one',
    ],
  },
  {
    id: 117,
    level: 'MUST',
    asks: 'No schema makes anybody fetch another, and checking one is bounded',
    section: 'Base Protocol, JSON Schema Usage',
    testedBy: [
      `${SPEC}#schemas point nowhere, and no argument is asked for in a header`,
      `${REACH}#%s: arguments of the wrong shape are refused, and none is executed`,
    ],
    reason:
      'Arguments are checked by zod in a message of at most 1 MiB; no schema of a client is ever compiled.',
  },
  {
    id: 118,
    level: 'SHOULD',
    asks: 'Every result says which server it is from',
    section: 'Base Protocol, _meta',
    testedBy: [`${ANSWERS}#%s %j is answered once, in full and by name`],
    reason:
      'One result is made without an SDK and does not say it: a step-up link as the error of a tool, before any transport.',
  },
  {
    id: 119,
    level: 'MUST',
    asks: 'Progress is told only to who gave a token, only upwards, and not after the end',
    section: 'Progress',
    testedBy: [
      `${LONG}#%s: a caller who asked is told how far it is, up to the end`,
      `${LONG}#%s: who did not ask is told nothing but the answer`,
      SUITE,
    ],
  },
  {
    id: 120,
    level: 'SHOULD',
    asks: 'A cursor that nobody gave out is -32602',
    section: 'Pagination, Error Handling',
    testedBy: [`${READS}#%s: a cursor that nobody gave out is refused`],
  },
]
