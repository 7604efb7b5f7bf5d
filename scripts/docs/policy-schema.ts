import { z } from 'zod'
import { PolicyDocument } from '#policy/document.ts'

/** What an editor knows of a document in policy/: completion, and mistakes before `npm run policy -- check`. */
export const renderPolicySchema = (): string =>
  `${JSON.stringify({ title: 'A policy: docs/policy.md', ...schema() }, null, 2)}\n`

// Draft 7 is what editors read in files with comments.
const schema = () => z.toJSONSchema(PolicyDocument, { target: 'draft-7', io: 'input' })
