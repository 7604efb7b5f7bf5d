import type { JSX } from 'hono/jsx/jsx-runtime'

/** The two answers to a question of ours. `caution` is what the person reads before they say yes. */
export function DecisionButtons({ caution }: { caution: string }): JSX.Element {
  return (
    <>
      <p class="caution" id="caution">
        {caution}
      </p>
      {/* Deny comes first: Enter in a form presses its first submit button, and that must not be a yes. */}
      <div class="decision">
        <button class="button" name="decision" value="deny">
          Deny
        </button>
        <button class="button primary" name="decision" value="approve" aria-describedby="caution">
          Approve
        </button>
      </div>
    </>
  )
}
