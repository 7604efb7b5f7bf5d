// What `npm start` runs first. Plain JavaScript: it has to run on the Node that is too old for the rest.
const version = process.argv[2] ?? process.versions.node
const [major = 0, minor = 0] = version.split('.').map(Number)

// From 22.18 on Node runs TypeScript as it is; wrangler needs 22.12.
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `This is Node ${version}; npm start needs 22.18 or newer. npm ci brings one along, in node_modules: it was left ` +
      'out, by --ignore-scripts or --omit=dev perhaps. Run npm ci again without those, or install a newer Node.',
  )
  process.exitCode = 1
}
