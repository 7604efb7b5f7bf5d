import { html, type Markup } from '../markup.ts'
import { layout } from './layout.ts'

/** What a user sees when the application cannot be told. */
export const errorPage = (text: string, correlationId: string): Markup =>
  layout(
    'Something went wrong',
    html`<p class="note">${text}.</p>
      <p>Start again from your application. <small>Correlation ID: ${correlationId}</small></p>`,
  )
