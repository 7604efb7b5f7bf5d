import { SUITE, SPEC, ANSWERS, READS, STATE } from './places.ts'
import type { Requirement } from './requirement.ts'

export const stateless: readonly Requirement[] = [
  {
    id: 84,
    level: 'MUST',
    asks: 'server/discover says which revisions there are, what the server can do, and who it is',
    section: 'Discovery',
    testedBy: [
      `${ANSWERS}#what the server can do is said without a session, and how long that holds`,
      `${ANSWERS}#%s %j is answered once, in full and by name`,
      SUITE,
    ],
    reason:
      'It names 2026-07-28 alone: the older revisions are not asked for in this way, they begin with initialize.',
  },
  {
    id: 85,
    level: 'MUST',
    asks: 'Every result has its resultType',
    section: 'Base Protocol, Result Type',
    testedBy: [`${ANSWERS}#%s %j is answered once, in full and by name`, SUITE],
  },
  {
    id: 86,
    level: 'MUST',
    asks: 'A request says its revision and capabilities, or is 400 with -32602; a name it need not have',
    section: 'Base Protocol, _meta',
    testedBy: [
      `${SPEC}#a request that says %s about itself is 400 with -32602`,
      `${ANSWERS}#the server needs no name of its client, and asks nothing of what it did not declare`,
    ],
  },
  {
    id: 87,
    level: 'MUST',
    asks: 'Header and body name the same revision, or it is 400 with -32020',
    section: 'Protocol Version Header',
    testedBy: [`${SPEC}#what header and body say differs is refused: %s`],
  },
  {
    id: 88,
    level: 'MUST',
    asks: 'A revision that is not spoken is 400 with -32022 and those that are',
    section: 'Versioning; Protocol Version Header',
    testedBy: [`${SPEC}#an unknown revision is 400 with -32022 and what there is instead`],
  },
  {
    id: 89,
    level: 'MUST',
    asks: 'Method and name are in headers too, and equal to the body once decoded, or it is 400 with -32020',
    section: 'Standard Request Headers; Server Validation',
    testedBy: [
      `${SPEC}#what header and body say differs is refused: %s`,
      `${SPEC}#a request passes with %s`,
      SUITE,
    ],
    reason: 'Of the suite: http-header-validation.',
  },
  {
    id: 90,
    level: 'MUST',
    asks: 'Arguments that a tool wants in headers are compared as well, and none of them is a secret',
    section: 'Custom Headers from Tool Parameters',
    testedBy: [
      `${SPEC}#schemas point nowhere, and no argument is asked for in a header`,
      `${SPEC}#a request passes with %s`,
      SUITE,
    ],
    reason: 'No tool here wants one; http-custom-header-server-validation of the suite asks it of a fixture.',
  },
  {
    id: 91,
    level: 'MUST',
    asks: 'A method that does not exist, or exists no more, is 404 with -32601',
    section: 'Protocol Version Header',
    testedBy: [`${SPEC}#a method that this revision does not have is 404 with -32601: %s`],
  },
  {
    id: 92,
    level: 'MUST',
    asks: 'What needs a capability that the client did not declare is 400 with -32021 and its name',
    section: 'Base Protocol, Capabilities',
    testedBy: [
      `${ANSWERS}#the server needs no name of its client, and asks nothing of what it did not declare`,
      `${STATE}#what a client can do is what this very request says`,
      SUITE,
    ],
    reason:
      'No tool here needs one: where nobody can be asked, a tool names what it would do and wants to be told. The suite asks it of a fixture.',
  },
  {
    id: 93,
    level: 'MUST',
    asks: 'Lists and reads say how long they hold and for whom',
    section: 'Caching',
    testedBy: [
      `${READS}#every list and every read of the stateless transport is private and says how long it lasts`,
      `${ANSWERS}#what the server can do is said without a session, and how long that holds`,
      SUITE,
    ],
  },
  {
    id: 94,
    level: 'MUST',
    asks: 'What depends on the user is private, on each page alike',
    section: 'Caching',
    testedBy: [
      `${READS}#every list and every read of the stateless transport is private and says how long it lasts`,
      `${READS}#%s: a cursor that nobody gave out is refused`,
    ],
    reason: 'Each list is one page.',
  },
  {
    id: 95,
    level: 'MUST',
    asks: 'The list of tools depends on what the bearer may do and on nothing else, and has one order',
    section: 'Tools, Listing',
    testedBy: [
      `${SPEC}#the list of tools is the same for everyone, whatever their scopes, and after a change`,
      `${READS}#both transports list the same tools with the same schemas, byte for byte`,
      'test/unit/todos/tools/registry.test.ts#names of tools, resources and prompts are unique and in a fixed order',
    ],
  },
]
