// Finds an array in the place of an object. valibot's object schemas take any object, arrays among them, and JSON Schema does not:
// without this, /openapi.json and /wires.json would say less than the truth. decode() asks it of every message and body. What a schema
// asks is worked out once: a message without an object inside, such as an ack, costs one look into a map. Knows no wire.

/** Where the first such array is: the keys that lead to it. */
type Path = Array<string | number>
type Search = (value: unknown) => Path | undefined

/** The parts of valibot's schemas that hold other schemas (valibot.dev/api, "Schemas"). */
interface Parts {
  type: string
  key?: string
  wrapped?: Parts
  item?: Parts
  value?: Parts
  entries?: Record<string, Parts>
  options?: unknown[]
  literal?: unknown
}

const searches = new WeakMap<object, Search>()
const none: Search = () => undefined

/** Where `value` has an array and the schema an object. */
export function arrayForObject(schema: object, value: unknown): Path | undefined {
  let search = searches.get(schema)
  if (!search) searches.set(schema, (search = searchOf(schema as Parts)))
  return search(value)
}

function searchOf(schema: Parts): Search {
  const { type, wrapped, item, value, entries, options } = schema
  if (wrapped) return searchOf(wrapped)
  if (item) return searchOfArray(searchOf(item))
  if (type === 'record') return searchOfObject(value ? searchOf(value) : none)
  if (entries) return searchOfEntries(entries)
  if (type === 'variant') return searchOfVariant(schema.key ?? '', options as Parts[])
  if (type === 'union') return searchOfUnion((options as Parts[]).map(searchOf))
  return none
}

function searchOfArray(search: Search): Search {
  if (search === none) return none
  return (value) => (Array.isArray(value) ? firstAt(value.entries(), search) : undefined)
}

function searchOfObject(search: Search): Search {
  return (value) => {
    if (typeof value !== 'object' || value === null) return undefined
    if (Array.isArray(value)) return []
    return search === none ? undefined : firstAt(Object.entries(value), search)
  }
}

function searchOfEntries(entries: Record<string, Parts>): Search {
  const within = Object.entries(entries)
    .map(([key, entry]) => [key, searchOf(entry)] as const)
    .filter(([, search]) => search !== none)
  return (value) => {
    if (typeof value !== 'object' || value === null) return undefined
    if (Array.isArray(value)) return []
    for (const [key, search] of within) {
      const at = search((value as Record<string, unknown>)[key])
      if (at) return [key, ...at]
    }
    return undefined
  }
}

/** The options of a variant are told apart by one literal each, which no array has: only the one that is named is searched. */
function searchOfVariant(key: string, options: Parts[]): Search {
  const byName = new Map(options.map((option) => [option.entries?.[key]?.literal, searchOf(option)]))
  return (value) => {
    if (typeof value !== 'object' || value === null) return undefined
    return byName.get((value as Record<string, unknown>)[key])?.(value)
  }
}

/** Any option may be the one that took the value, so it is refused only where all of them refuse it. */
function searchOfUnion(options: Search[]): Search {
  if (options.includes(none)) return none
  return (value) => {
    const found = options.map((search) => search(value))
    return found.every((at) => at !== undefined) ? found[0] : undefined
  }
}

function firstAt(parts: Iterable<[string | number, unknown]>, search: Search): Path | undefined {
  for (const [key, value] of parts) {
    const at = search(value)
    if (at) return [key, ...at]
  }
  return undefined
}
