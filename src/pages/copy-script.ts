/**
 * The only script of our pages: the home page's Copy buttons. A file, because the CSP allows no inline script. It reads
 * only text that we rendered. Without `navigator.clipboard` (plain http outside localhost) the buttons stay hidden.
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
