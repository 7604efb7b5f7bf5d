import { accountFormError, checkPassword, register, resetPassword } from './accounts.ts'
import type { Context } from './endpoints.ts'
import {
  allow,
  applyPresetConsent,
  denied,
  findFlow,
  flowNotFound,
  nextStep,
  nextUrl,
  signedOnUser,
} from './flow.ts'
import { one, page, redirect, type Answer } from './http.ts'
import { consentPage, registrationPage, resetPage, signOnPage } from './pages/flow-pages.ts'
import { notices } from './pages/words.ts'
import { apiScopesAmong } from './scopes.ts'
import { startSession } from './sessions.ts'
import type { Account, Flow } from './store.ts'

/** GET of the flow's pages: shows the page that the flow needs next. */
export function showFlow(context: Context): Answer {
  const flow = findFlow(context)
  if (!flow) return flowNotFound(context)
  const user = signedOnUser(context, flow)
  if (nextStep(flow) === 'finish') return redirect(nextUrl(context, flow), 'the flow is over')
  if (nextStep(flow) === 'consent' && user) return page(consentPage(context, flow, user), 'consent page')
  if (context.endpoint === 'register') return page(registrationPage(context, flow), 'registration page')
  if (context.endpoint === 'reset') return page(resetPage(context, flow), 'password reset page')
  return page(signOnPage(context, flow), 'sign-on page')
}

/** POST of the sign-on form. */
export const signOn = onForm(async (context, flow) => {
  const { username, password } = readAccountForm(context)
  const account = await checkPassword(context.store, username, password)
  return account
    ? signedOn(context, flow, account)
    : page(signOnPage(context, flow, notices.wrongPassword), 'wrong password', 400)
})

/** POST of the registration form: the new account is signed on at once. */
export const registerUser = onForm(async (context, flow) => {
  const { username, email, password } = readAccountForm(context)
  const error = accountFormError(username, email, password)
  if (error !== undefined) return page(registrationPage(context, flow, error), 'bad registration', 400)
  const account = await register(context.store, username, email, password)
  return account
    ? signedOn(context, flow, account)
    : page(registrationPage(context, flow, notices.usernameTaken), 'username taken', 400)
})

/** POST of the password reset form: leads back to the sign-on page. */
export const resetUsersPassword = onForm(async (context, flow) => {
  const { username, email, password } = readAccountForm(context)
  const error = accountFormError(username, email, password)
  if (error !== undefined) return page(resetPage(context, flow, error), 'bad reset', 400)
  return (await resetPassword(context.store, username, email, password))
    ? page(signOnPage(context, flow, notices.passwordChanged), 'password reset')
    : page(resetPage(context, flow, notices.noSuchAccount), 'no such account', 400)
})

/** POST of the consent form. */
export const decideConsent = onForm((context, flow) => {
  const { parameters, store } = context
  const user = signedOnUser(context, flow)
  if (!user || nextStep(flow) !== 'consent') return flowNotFound(context)
  const requested = apiScopesAmong(flow.request.scopes)
  const ticked = requested.filter((scope) => parameters.getAll('scope').includes(scope))
  // H: empty "reduced scopes" would mean all scopes, so a flow must treat "allow nothing" as a denial.
  const isAllowed = one(parameters, 'decision') === 'allow' && ticked.length > 0
  if (isAllowed) store.consents.put(user.username, ticked)
  const decided = isAllowed ? allow(flow, ticked) : { ...flow, outcome: denied }
  store.flows.put(flow.id, decided)
  const reason = isAllowed ? `${user.username} allows ${ticked.join(' ')}` : 'denied'
  return redirect(nextUrl(context, decided), reason)
})

function signedOn(context: Context, flow: Flow, account: Account): Answer {
  const { session, cookie } = startSession(context, account.username)
  const next = applyPresetConsent(context, { ...flow, sid: session.sid, isSignedOnHere: true })
  context.store.flows.put(flow.id, next)
  return redirect(nextUrl(context, next), `${account.username} signed on`, [cookie])
}

type FormHandler = (context: Context, flow: Flow) => Answer | Promise<Answer>

/** Accepts a form only for a flow of this browser and with the CSRF value of that flow. */
function onForm(handle: FormHandler): (context: Context) => Answer | Promise<Answer> {
  return (context) => {
    const flow = findFlow(context)
    const isOwn = flow !== undefined && flow.csrf === one(context.parameters, 'csrf')
    return isOwn ? handle(context, flow) : flowNotFound(context)
  }
}

const readAccountForm = ({ parameters }: Context) => ({
  username: one(parameters, 'username') ?? '',
  email: one(parameters, 'email') ?? '',
  password: one(parameters, 'password') ?? '',
})
