import type { Admission } from '#authorization/clients/admission.ts'
import type { ProductNames } from '#authorization/login/login-state.ts'
import type { SignInDeps } from '#sign-in/deps.ts'

/** The dependencies of `/me` and step-up, for one request. */
export interface AccountDeps extends SignInDeps {
  admission: Admission
  product: ProductNames
  /** Counts the request as a failure although its answer is an ordinary page. */
  noteFailure: (request: Request) => void
}
