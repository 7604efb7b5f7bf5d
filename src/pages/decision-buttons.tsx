import type { JSX } from 'hono/jsx/jsx-runtime'

/**
 * The buttons of a decision, with `caution` before them. The class `armed` (styles.ts) ignores a click or key that began
 * on another page. No element of these pages has an id: a link could scroll to it and place a button at a known position.
 */
export function DecisionButtons({ caution }: { caution: string }): JSX.Element {
  return (
    <>
      <p class="caution">{caution}</p>
      {/* Deny comes first: Enter presses the first submit button of a form, which must not approve. */}
      <div class="decision armed" role="group" aria-label={caution}>
        <button class="button" name="decision" value="deny">
          Deny
        </button>
        <button class="button primary" name="decision" value="approve">
          Approve
        </button>
      </div>
    </>
  )
}
