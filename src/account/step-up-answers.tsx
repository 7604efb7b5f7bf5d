import { message } from '#sign-in/answers.tsx'
import type { AccountDeps } from '#sign-in/deps.ts'
import { pathOf } from './step-up-request.ts'

const AGAIN = 'If you still want it, ask your app once more: it gets a new link.'

/** For what was used, denied, is too old, belongs to an ended access, or never was: nobody learns which. */
export const answerNoRequest = (parts: AccountDeps, headers = new Headers()): Response =>
  message({ title: 'This link does not work', sentence: `It was used, or it is too old. ${AGAIN}` }, parts, {
    status: 404,
    headers,
  })

export const answerFormRefused = (parts: AccountDeps, request: string): Response =>
  message(
    {
      title: 'This form was not accepted',
      sentence: 'It did not come from the page that this browser opened. Nothing was changed.',
      next: { label: 'Open the request again', href: pathOf(request) },
    },
    parts,
    { status: 403 },
  )

/** A denial without a sign-in: the request stays as it is until it expires. */
export const answerNothingDecided = (parts: AccountDeps, request: string, csrf: string): Response =>
  message(
    {
      title: 'Nothing was changed',
      sentence:
        'You said no. The app keeps what it had, and the link runs out by itself. If the app is yours, you can sign in to end the link now.',
      retry: {
        action: pathOf(request),
        fields: [{ name: 'csrf', value: csrf }],
        buttons: [{ label: 'Sign in and end the link', name: 'decision', value: 'end' }],
      },
      tone: 'done',
    },
    parts,
  )

export const answerDenied = (parts: AccountDeps, headers: Headers): Response =>
  message(
    { title: 'The link has ended', sentence: 'You said no. The app keeps what it had.', tone: 'done' },
    parts,
    { headers },
  )

/** Invariant 2: for anyone else it does not exist. But whoever was sent this link by somebody should hear so. */
export const answerNotTheirs = (parts: AccountDeps, headers: Headers): Response =>
  message(
    {
      title: 'This request is not yours',
      sentence:
        'You signed in as another user than the one whose app asks. Nothing was changed. If somebody sent you this link, do not use it.',
    },
    parts,
    { status: 404, headers },
  )

export const answerWithheld = (parts: AccountDeps, request: string, headers: Headers): Response =>
  message(
    {
      title: 'PingOne did not give the permission',
      sentence: 'You did not allow it there, or may not. Nothing was changed.',
      next: { label: 'Open the request again', href: pathOf(request) },
    },
    parts,
    { status: 403, headers },
  )

export const answerWidened = (parts: AccountDeps, headers: Headers): Response =>
  message(
    {
      title: 'The app may do more now',
      sentence: 'Go back to it and ask for the same again: it has the permission now.',
      next: { label: 'See who can act for you', href: '/me' },
      tone: 'done',
    },
    parts,
    { headers },
  )
