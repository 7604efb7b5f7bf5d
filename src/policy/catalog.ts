/** The type of an argument in CEL. `dyn`: the schema does not say. */
export type CelType =
  | 'string'
  | 'int'
  | 'double'
  | 'bool'
  | 'dyn'
  | { list: CelType }
  | { map: ArgumentTypes }

/** The arguments of a tool or prompt, or the variables of a template, by name. */
export interface ArgumentTypes {
  readonly [name: string]: { readonly type: CelType; readonly isOptional: boolean }
}

/** What a deployment offers, as lint and explain see it. */
export interface PolicyCatalog {
  /** Each tool, prompt, resource (by URI) and template (by URI template). */
  subjects: readonly {
    app: string
    kind: 'tool' | 'prompt' | 'resource'
    name: string
    /** Whether `name` is a template. */
    isTemplate: boolean
    /** Whether it can change something. */
    writes: boolean
    args: ArgumentTypes
  }[]
  /** The claims that the settings name. */
  claims: readonly string[]
  /** Whether the settings name a claim of groups. */
  hasGroups: boolean
}
