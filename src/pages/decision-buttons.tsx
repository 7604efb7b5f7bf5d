import type { JSX } from 'hono/jsx/jsx-runtime'

/**
 * The two answers to our question. The user reads `caution` before they say yes. The class `armed`
 * (styles.ts) keeps a click or key that began on another page from deciding anything. No element of a page that decides
 * has an id: a link to the page could scroll to it, and so put a button at a known place.
 */
export function DecisionButtons({ caution }: { caution: string }): JSX.Element {
  return (
    <>
      <p class="caution">{caution}</p>
      {/* Deny comes first: Enter in a form presses its first submit button, and that must not be a yes. */}
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
