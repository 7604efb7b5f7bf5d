import { faultableEndpoints } from './fault-names.ts'
import { isSwitch, readers, type Switches } from './switches.ts'

/** A form of the control page as the merge patch that it means. Fields it does not know stay, to be refused. */
export function patchFromForm(form: URLSearchParams): Record<string, unknown> {
  const patch = new Map<string, unknown>()
  const faults = new Map<string, unknown>()
  for (const [field, text] of form) {
    const fault = /^faults\.(.+)$/.exec(field)?.[1]
    if (fault !== undefined) faults.set(fault, text === '' ? null : text)
    else if (field === 'flowError.error') patch.set('flowError', text === '' ? null : flowError(form, text))
    else if (field !== 'flowError.description')
      patch.set(field, isSwitch(field) ? fromText(field, text) : text)
  }
  if (faults.size > 0) patch.set('faults', Object.fromEntries(faults))
  return Object.fromEntries(patch)
}

const flowError = (form: URLSearchParams, error: string) => ({
  error,
  description: form.get('flowError.description') ?? '',
})

function fromText(name: keyof Switches, text: string): unknown {
  const { shown, options } = readers[name]
  if (shown === 'number') return text.trim() === '' ? text : Number(text)
  if (shown === 'line') return text === '' ? null : text
  if (shown === 'text') return text.split(' ').filter((word) => word !== '')
  const isFlag = options.includes('true') && options.includes(text)
  return isFlag ? text === 'true' : text
}

/** The fields of the form with their present texts, for the control page. */
export function fieldsOf(switches: Switches): { field: string; text: string; options: readonly string[] }[] {
  const names = Object.keys(switches).filter(isSwitch)
  return names.flatMap((name) => {
    const { shown, options } = readers[name]
    if (shown === 'faults') {
      return faultableEndpoints.map((endpoint) => ({
        field: `faults.${endpoint}`,
        text: switches.faults[endpoint] ?? '',
        options: endpoint === 'token' ? options : options.filter((option) => option !== 'invalid_grant'),
      }))
    }
    if (shown === 'flow-error') {
      return [
        { field: 'flowError.error', text: switches.flowError?.error ?? '', options },
        { field: 'flowError.description', text: switches.flowError?.description ?? '', options },
      ]
    }
    return [{ field: name, text: textOf(switches[name]), options }]
  })
}

function textOf(value: Switches[keyof Switches]): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return Array.isArray(value) ? value.join(' ') : ''
}
