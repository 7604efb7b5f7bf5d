import type { JSX } from 'hono/jsx/jsx-runtime'
import { Layout } from './layout.tsx'

/**
 * Shown before a user's own page. A button and never a redirect: with a session at PingOne, a redirect would sign in
 * users who only followed a link.
 */
export function AccountSignInPage({
  isOver,
  productName,
  apiName,
}: {
  /** An earlier session has expired. */
  isOver: boolean
  productName: string
  apiName: string
}): JSX.Element {
  return (
    <Layout title="Apps that can act for you" productName={productName}>
      {isOver ? (
        <div class="notice" role="status">
          <p>
            You were signed out of this page: it was not used for 15 minutes, your sign-in is more than an
            hour old, or somebody signed out.
          </p>
        </div>
      ) : null}
      <h1>Apps that can act for you</h1>
      <p class="lead">
        Sign in to see which apps can use the {apiName} as you, and to end the access of any of them.
      </p>
      <form class="actions" method="post" action="/me/sign-in">
        <button class="button primary">Sign in</button>
      </form>
    </Layout>
  )
}
