/**
 * The two scripts of our pages. Each is a file, because the CSP allows no inline script. They read only text that we
 * rendered, and every page works without them.
 */

/**
 * The home page's Copy buttons. Without `navigator.clipboard` (plain http outside localhost) the buttons stay hidden.
 */
export const copyScript = `'use strict'
const status = document.getElementById('copy-status')
for (const button of document.querySelectorAll('button[data-copies]')) {
  const source = document.getElementById(button.dataset.copies)
  const said = button.querySelector('[data-said]')
  if (!source || !said || !navigator.clipboard) continue
  const before = said.textContent
  let timer
  button.hidden = false
  button.addEventListener('click', async () => {
    let outcome = 'Copied'
    try {
      await navigator.clipboard.writeText('value' in source ? source.value : source.textContent)
    } catch {
      // The browser said no: mark the text, so that the user's own shortcut copies it.
      outcome = 'Selected'
      if ('select' in source) source.select()
      else getSelection().selectAllChildren(source)
    }
    said.textContent = outcome
    if (status) status.textContent = outcome
    clearTimeout(timer)
    timer = setTimeout(() => {
      said.textContent = before
      if (status) status.textContent = ''
    }, 2000)
  })
}
`

/**
 * Shows the times of a user's own page in the browser's time zone, with UTC on hover. Without it the text is UTC and
 * says so.
 */
export const localTimeScript = `'use strict'
const local = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' })
const utc = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
for (const time of document.querySelectorAll('time[datetime]')) {
  const at = new Date(time.dateTime)
  if (Number.isNaN(at.getTime())) continue
  time.title = utc.format(at) + ' UTC'
  // A text that is no point in time, such as "within the last hour", stays.
  if (time.textContent.endsWith(' UTC')) time.textContent = local.format(at)
}
`
