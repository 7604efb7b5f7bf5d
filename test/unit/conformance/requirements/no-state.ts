import { OTHERS, HTTP, SUITE, SPEC, ANSWERS, READS, LONG, ASKING, STATE } from './places.ts'
import type { Requirement } from './requirement.ts'

export const noState: readonly Requirement[] = [
  {
    id: 96,
    level: 'SHOULD',
    asks: 'There is no session: its header and that of an event are ignored, and its methods are none',
    section: 'Backward Compatibility',
    testedBy: [
      `${SPEC}#a request passes with %s`,
      `${SPEC}#%s is none of this revision’s methods`,
      `${HTTP}#the stateless transport takes no session: one that is sent is ignored`,
    ],
    reason:
      '405 is for a server that speaks 2026-07-28 alone. This one speaks the older revisions at the same address, where GET and DELETE of an unknown revision are 400.',
  },
  {
    id: 97,
    level: 'MUST',
    asks: 'A request needs none that came before it',
    section: 'Base Protocol, Statelessness',
    testedBy: [
      `${OTHERS}#two users with two clients each, on both transports and interleaved, see their own todos alone`,
      `${STATE}#what a client can do is what this very request says`,
      `${SPEC}#the list of tools is the same for everyone, whatever their scopes, and after a change`,
    ],
  },
  {
    id: 98,
    level: 'MUST',
    asks: 'A handle of state proves nothing about who holds it',
    section: 'SBP State Handle Hijacking',
    testedBy: [
      `${STATE}#an answer of another user, of another grant or of another client does not exist`,
      'test/attack/step-up-is-attacked.test.ts#T10 a link that is sent to another user gives nothing, tells them so, and is a security event',
    ],
  },
  {
    id: 99,
    level: 'MUST',
    asks: 'What a client carries for the server is encrypted against change, and good for its user, its request and a while',
    section: 'Multi Round-Trip Requests, requestState',
    testedBy: [
      `${STATE}#a state that was altered, made up or cut short is refused`,
      `${STATE}#an answer is for its own arguments`,
      `${STATE}#an answer is good for one call: the second time it is refused`,
      `${STATE}#a state whose ten minutes are over is refused`,
      `${STATE}#an answer of another user, of another grant or of another client does not exist`,
    ],
  },
  {
    id: 100,
    level: 'MUST',
    asks: 'More is asked only in answer to a call, a prompt or a read, and only for what the client declared',
    section: 'Multi Round-Trip Requests',
    testedBy: [
      `${ASKING}#%s: who cannot ask is told what would go, and confirms`,
      `${STATE}#what a client can do is what this very request says`,
      SUITE,
    ],
    reason: 'Here tools alone ask; of the suite: input-required-result-*.',
  },
  {
    id: 101,
    level: 'MUST',
    asks: 'Who listens is told first what will come, by the id of the subscription, and nothing that was not asked for',
    section: 'Subscriptions',
    testedBy: [
      `${ANSWERS}#who listens is told first what will come, which is nothing, and then that it is over`,
      `${READS}#the stateless transport opens a stream of changes for nothing`,
      SUITE,
    ],
    reason:
      'Lists here change only with a deployment, so none is promised; two checks of the suite are skipped for that, as docs/conformance.md says.',
  },
  {
    id: 102,
    level: 'MUST',
    asks: 'Lines of a log are sent only to who asked for them',
    section: 'Logging',
    testedBy: [
      `${ANSWERS}#a stream is of one request: not collected on its way, notifications about it, its answer, the end`,
      `${LONG}#%s: who did not ask is told nothing but the answer`,
      SUITE,
    ],
    reason: 'This server sends none, and does not say that it could.',
  },
  {
    id: 103,
    level: 'MUST',
    asks: 'Errors have codes that this revision defines, or ours outside the reserved range',
    section: 'Base Protocol, Error Codes',
    testedBy: [
      `${ANSWERS}#an error has the id of its request and a code of this revision: %s`,
      `${ANSWERS}#what is refused before a transport has the id of its request too: %s is %d`,
    ],
  },
  {
    id: 104,
    level: 'MUST',
    asks: 'A resource that does not exist is -32602 with its address, and not without contents',
    section: 'Resources, Error Handling',
    testedBy: [
      `${ANSWERS}#what does not exist has no contents, and its address is a value`,
      `${READS}#%s: what does not exist is an error with its address as a value`,
      SUITE,
    ],
  },
]
