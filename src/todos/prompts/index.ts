import type { AnyPrompt } from '#catalog/define-prompt.ts'
import { planMyDay } from './plan-my-day.ts'
import { reviewOpen } from './review-open.ts'

/** The prompts of this product, in the order in which clients see them. */
export const prompts: readonly AnyPrompt[] = [planMyDay, reviewOpen]
