/** The product that the commands of this repository work with: that of src/index.ts. */
export { todos as product } from '#todos/index.ts'
