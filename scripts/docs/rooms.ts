import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { ROOT } from '#harness/local/workers.ts'

/** The imports between rooms of src/, each room with the rooms that it imports. */
export type Rooms = ReadonlyMap<string, ReadonlySet<string>>

/** Any folder with a product in it: which one src/index.ts serves does not change the picture. */
const PRODUCT = 'product'

const IMPORT = /(?:\bfrom|\bimport\(|^import)\s*'([.#][^']+)'/gm

/** A room is a folder of src/, or a file at its top. Imports of types count. */
export function readRooms(): Rooms {
  const files = globSync('**/*.{ts,tsx}', { cwd: `${ROOT}/src` }).toSorted()
  const products = new Set(files.filter((file) => /^[^/]+\/define\.ts$/.test(file)).map(folderOf))
  const roomOf = (file: string) => (products.has(folderOf(file)) ? PRODUCT : folderOf(file))
  const rooms = new Map<string, Set<string>>()
  for (const file of files) {
    if (file.endsWith('.test.ts') || file.split('/')[1] === 'local-api') continue
    const room = roomOf(file)
    const imported = rooms.get(room) ?? new Set()
    rooms.set(room, imported)
    for (const [, path = ''] of readFileSync(`${ROOT}/src/${file}`, 'utf8').matchAll(IMPORT)) {
      // The text of a document, which is in no room.
      if (path.endsWith('.jsonc')) continue
      const target = roomOf(path.startsWith('#') ? path.slice(1) : normalize(join(dirname(file), path)))
      if (target !== room) imported.add(target)
    }
  }
  return rooms
}

const folderOf = (file: string): string => file.split('/')[0] ?? file

const importsOf = (rooms: Rooms, room: string): readonly string[] => [...(rooms.get(room) ?? [])].toSorted()

/** Files at the top of src/ and `lib` are in the table only: nearly every room imports one of them. */
const isDrawn = (room: string): boolean =>
  room !== 'lib' && (!room.endsWith('.ts') || ['index.ts', 'compose.ts'].includes(room))

/** Whether a path of imports leads from one room to another. The architecture test excludes cycles. */
const leadsTo = (rooms: Rooms, from: string, to: string): boolean =>
  importsOf(rooms, from).some((next) => isDrawn(next) && (next === to || leadsTo(rooms, next, to)))

/** The arrows of the picture: imports that no longer path of imports implies. */
export function arrowsOf(rooms: Rooms): readonly (readonly [string, string])[] {
  const drawn = [...rooms.keys()].filter(isDrawn).toSorted()
  return drawn.flatMap((room) => {
    const targets = importsOf(rooms, room).filter(isDrawn)
    return targets
      .filter((target) => !targets.some((other) => other !== target && leadsTo(rooms, other, target)))
      .map((target) => [room, target] as const)
  })
}

const LABELS: Readonly<Record<string, string>> = { [PRODUCT]: 'a product, such as todos' }
const nodeOf = (room: string): string => `${room.replaceAll(/\W/g, '_')}["${LABELS[room] ?? room}"]`

function renderRooms(rooms: Rooms): string {
  const arrows = arrowsOf(rooms).map(([from, to]) => `  ${nodeOf(from)} --> ${nodeOf(to)}\n`)
  const rows = [...rooms.keys()].toSorted().map((room) => {
    const names = importsOf(rooms, room).map((name) => `\`${name}\``)
    return `| \`${room}\` | ${names.join(', ') || 'nothing'} |\n`
  })
  return `\n\`\`\`mermaid\nflowchart TD\n${arrows.join('')}\`\`\`\n\n| room | imports |\n|---|---|\n${rows.join('')}\n`
}

const PLACE = /(<!-- rooms: [^>]*-->\n)[\s\S]*?(<!-- end of rooms -->)/

/** docs/architecture.md with picture and table between its two comments. */
export const renderArchitecture = (page: string, rooms: Rooms): string =>
  page.replace(PLACE, (_, begin: string, end: string) => `${begin}${renderRooms(rooms)}${end}`)
