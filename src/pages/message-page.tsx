import type { JSX } from 'hono/jsx/jsx-runtime'
import { htmlAnswer, type HtmlAnswerOptions } from './html-answer.ts'
import { type Brand, Layout } from './layout.tsx'

export interface MessagePageProps extends Partial<Brand> {
  /** Our own text; texts of clients and upstreams go to the log only. */
  title: string
  sentence: string
  /** What the user does next, outside this page. */
  steps?: readonly string[]
  next?: { label: string; href: string } | null
  /** "Try again": a form and not a link, because it starts something. Enter presses its first button. */
  retry?: {
    action: string
    fields: readonly { name: string; value: string }[]
    buttons: readonly { label: string; name: string; value: string }[]
  } | null
  incident?: string | null
  tone?: 'problem' | 'done'
  /** Untrusted text, bounded, in its own field (invariant 9). */
  fact?: { label: string; value: string }
}

/** Answers with a message page. */
export const answerMessage = (props: MessagePageProps, options: HtmlAnswerOptions): Response =>
  htmlAnswer(<MessagePage {...props} />, options)

/** The last page of a journey. By default it reports a problem, without a button and without an incident number. */
export function MessagePage({
  title,
  sentence,
  steps = [],
  next = null,
  retry = null,
  incident = null,
  tone = 'problem',
  fact,
  ...brand
}: MessagePageProps): JSX.Element {
  return (
    <Layout title={title} tabTitle={title} {...brand}>
      <ToneMark tone={tone} />
      <h1>{title}</h1>
      <p class="lead">{sentence}</p>
      {steps.length === 0 ? null : (
        <ol class="to-do">
          {steps.map((step) => (
            <li>{step}</li>
          ))}
        </ol>
      )}
      {fact === undefined ? null : (
        <section class="plate fact" aria-label={fact.label}>
          <dl>
            <div class="plate-first">
              <dt>{fact.label}</dt>
              <dd>
                <bdi class="host">{fact.value}</bdi>
              </dd>
            </div>
          </dl>
        </section>
      )}
      {retry === null && next === null ? null : (
        <div class={retry === null ? 'actions' : 'actions armed'}>
          {retry === null ? null : (
            <form method="post" action={retry.action}>
              {retry.fields.map(({ name, value }) => (
                <input type="hidden" name={name} value={value} />
              ))}
              {retry.buttons.map(({ label, name, value }, index) => (
                <button class={index === 0 ? 'button primary' : 'button'} name={name} value={value}>
                  {label}
                </button>
              ))}
            </form>
          )}
          {next === null ? null : (
            <a class={retry === null ? 'button primary' : 'button'} href={next.href}>
              {next.label}
            </a>
          )}
        </div>
      )}
      {incident === null ? null : (
        <p class="incident">
          If you report this, give this number: <code>{incident}</code>
        </p>
      )}
    </Layout>
  )
}

// Decorative: the title says the same in words.
function ToneMark({ tone }: { tone: 'problem' | 'done' }): JSX.Element {
  return (
    <svg
      class={`tone ${tone}`}
      viewBox="0 0 40 40"
      width="40"
      height="40"
      aria-hidden="true"
      focusable="false"
    >
      <circle cx="20" cy="20" r="18.5" />
      {tone === 'done' ? <path d="m12.5 20.5 5.2 5.2 10-11.4" /> : <path d="M20 11v11.5M20 28.4v.2" />}
    </svg>
  )
}
