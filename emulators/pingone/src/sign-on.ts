import { checkPassword, problemWith, register, resetPassword } from './accounts.ts'
import { page, redirect, type Answer } from './answer.ts'
import { allow, denied, findFlow, nextStep, pageOfFlow, userOf, settleConsent } from './flow.ts'
import { consentPage } from './pages/consent-page.ts'
import { errorPage } from './pages/error-page.ts'
import { registrationPage, resetPage, signOnPage } from './pages/sign-on-page.ts'
import { one } from './parameters.ts'
import type { Account, Flow } from './records.ts'
import { apiScopesAmong } from './scopes.ts'
import { startSession } from './sessions.ts'
import type { Visit } from './visit.ts'

/** GET of the flow's pages: the one that the flow needs next. */
export function showFlow(visit: Visit): Answer {
  const flow = findFlow(visit)
  if (!flow) return lost(visit)
  const user = userOf(visit, flow)
  if (nextStep(flow) === 'finish') return redirect(pageOfFlow(visit, flow), 'the flow is over')
  if (nextStep(flow) === 'consent' && user) return page(consentPage(visit, flow, user), 'consent page')
  if (visit.endpoint === 'register') return page(registrationPage(visit, flow), 'registration page')
  if (visit.endpoint === 'reset') return page(resetPage(visit, flow), 'password reset page')
  return page(signOnPage(visit, flow), 'sign-on page')
}

/** POST of the sign-on form. */
export async function signOn(visit: Visit): Promise<Answer> {
  const { parameters, store } = visit
  const flow = findOwnFlow(visit)
  if (!flow) return lost(visit)
  const [username, password] = [one(parameters, 'username') ?? '', one(parameters, 'password') ?? '']
  const account = await checkPassword(store, username, password)
  if (!account)
    return page(signOnPage(visit, flow, 'Username or password is not right.'), 'wrong password', 400)
  return signedOn(visit, flow, account)
}

/** POST of the registration form: a new account is signed on at once. */
export async function registerUser(visit: Visit): Promise<Answer> {
  const flow = findOwnFlow(visit)
  if (!flow) return lost(visit)
  const { username, email, password } = readAccountForm(visit)
  const problem = problemWith(username, email, password)
  if (problem !== undefined) return page(registrationPage(visit, flow, problem), 'bad registration', 400)
  const account = await register(visit.store, username, email, password)
  if (!account) return page(registrationPage(visit, flow, 'That username is taken.'), 'username taken', 400)
  return signedOn(visit, flow, account)
}

/** POST of the password reset form: back to the sign-on page, where the new password works. */
export async function resetUsersPassword(visit: Visit): Promise<Answer> {
  const flow = findOwnFlow(visit)
  if (!flow) return lost(visit)
  const { username, email, password } = readAccountForm(visit)
  const problem = problemWith(username, email, password)
  if (problem !== undefined) return page(resetPage(visit, flow, problem), 'bad reset', 400)
  if (await resetPassword(visit.store, username, email, password)) {
    return page(signOnPage(visit, flow, 'The password is changed. Sign on with it.'), 'password reset')
  }
  return page(resetPage(visit, flow, 'Username and e-mail do not belong together.'), 'no such account', 400)
}

/** POST of the consent form. */
export function decideConsent(visit: Visit): Answer {
  const { parameters, store } = visit
  const flow = findOwnFlow(visit)
  const user = flow && userOf(visit, flow)
  if (!flow || !user || nextStep(flow) !== 'consent') return lost(visit)
  const asked = apiScopesAmong(flow.request.scopes)
  const ticked = asked.filter((scope) => parameters.getAll('scope').includes(scope))
  // H: blank "reduced scopes" would mean all of them, so a flow must take "allow nothing" for a denial.
  const isAllowed = one(parameters, 'decision') === 'allow' && ticked.length > 0
  if (isAllowed) store.consents.put(user.username, ticked)
  const decided = isAllowed ? allow(flow, ticked) : { ...flow, outcome: denied }
  store.flows.put(flow.id, decided)
  return redirect(
    pageOfFlow(visit, decided),
    isAllowed ? `${user.username} allows ${ticked.join(' ')}` : 'denied',
  )
}

function signedOn(visit: Visit, flow: Flow, account: Account): Answer {
  const { session, cookie } = startSession(visit, account.username)
  const next = settleConsent(visit, { ...flow, sid: session.sid, isSignedOnHere: true })
  visit.store.flows.put(flow.id, next)
  return redirect(pageOfFlow(visit, next), `${account.username} signed on`, [cookie])
}

/** The flow of a form: of this browser, and the form is one that we gave it. */
function findOwnFlow(visit: Visit): Flow | undefined {
  const flow = findFlow(visit)
  return flow?.csrf === one(visit.parameters, 'csrf') ? flow : undefined
}

const readAccountForm = ({ parameters }: Visit) => ({
  username: one(parameters, 'username') ?? '',
  email: one(parameters, 'email') ?? '',
  password: one(parameters, 'password') ?? '',
})

function lost({ correlationId }: Visit): Answer {
  const text = 'The sign-on is over, or belongs to another browser'
  return page(errorPage(text, correlationId), text, 400)
}
