// Runs first in `npm start`. Plain JavaScript, because it must run on a Node that is too old for the rest.
const version = process.argv[2] ?? process.versions.node
const [major = 0, minor = 0] = version.split('.').map(Number)

// Node runs TypeScript from 22.18 on; wrangler needs 22.12.
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `This is Node ${version}; npm start needs 22.18 or newer. npm ci brings one along, in node_modules: it was left ` +
      'out, by --ignore-scripts or --omit=dev perhaps. Run npm ci again without those, or install a newer Node.',
  )
  process.exitCode = 1
}
