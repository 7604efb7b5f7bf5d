import { planMyDay } from './plan-my-day.ts'
import { reviewOpen } from './review-open.ts'

/** The prompts of this product, in the order in which clients see them. */
export const prompts = [planMyDay, reviewOpen]
