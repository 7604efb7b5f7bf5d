import type { ClientRecipe } from './client.ts'
import { codex } from './recipes/codex.ts'
import { mcpc, mcporter } from './recipes/command-clients.ts'
import { libraries } from './recipes/library-clients.ts'
import { gemini, opencode } from './recipes/model-clients.ts'

export const RECIPES: readonly ClientRecipe[] = [mcporter, codex, opencode, mcpc, gemini, ...libraries]

/** The clients of a command line: each once, in the order of the list; all without a name. */
export function chooseRecipes(
  names: readonly string[],
  all: readonly ClientRecipe[] = RECIPES,
): { readonly recipes: readonly ClientRecipe[] } | { readonly unknown: readonly string[] } {
  const unknown = names.filter((name) => all.every((recipe) => recipe.name !== name))
  if (unknown.length > 0) return { unknown }
  return { recipes: names.length === 0 ? all : all.filter(({ name }) => names.includes(name)) }
}
