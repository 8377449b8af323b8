// Small wrong changes to a source file: conditions, arithmetic and removed statements, never texts. What survives the tests of its
// folder shows what they do not look at. Pure: source in, changes out. Used by mutants.ts.
import { parseAst } from 'vite'

export interface Mutant {
  kind: 'condition' | 'arithmetic' | 'removed'
  /** Offsets in the source; what is between them is replaced. */
  start: number
  end: number
  replacement: string
  line: number
}

/** A node of the ESTree that the parser gives, as far as it is walked here. */
interface Node {
  type: string
  start: number
  end: number
  operator?: string
  [key: string]: unknown
}

const CONDITIONS: Record<string, string> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '&&': '||',
  '||': '&&',
}
const ARITHMETIC: Record<string, string> = { '+': '-', '-': '+', '*': '/', '/': '*', '%': '*' }
const ASSIGNMENTS: Record<string, string> = { '+=': '-=', '-=': '+=', '*=': '/=', '/=': '*=' }
const UPDATES: Record<string, string> = { '++': '--', '--': '++' }
/** What is only told to an operator: tests need not see it. */
const TELLING = /\b(log|logFailure|metrics)\b/i

/** Every change of `source`, in order. Positions are of UTF-16 units. */
export function mutantsOf(source: string): Mutant[] {
  const mutants: Mutant[] = []
  const add = (kind: Mutant['kind'], { start, end }: { start: number; end: number }, replacement: string): void => {
    mutants.push({ kind, start, end, replacement, line: source.slice(0, start).split('\n').length })
  }
  walk(parseAst(source, { lang: 'ts' }) as unknown as Node, (node) => {
    const { type, operator = '' } = node
    if (type === 'BinaryExpression' || type === 'LogicalExpression') {
      const at = operatorAt(source, node)
      const condition = CONDITIONS[operator]
      if (condition !== undefined) add('condition', at, condition)
      else if (ARITHMETIC[operator] !== undefined && !isText(node)) add('arithmetic', at, ARITHMETIC[operator])
    } else if (type === 'AssignmentExpression' && ASSIGNMENTS[operator] !== undefined && !isText(node)) {
      add('arithmetic', operatorAt(source, node), ASSIGNMENTS[operator])
    } else if (type === 'UpdateExpression') {
      const found = source.indexOf(operator, node.start)
      add('arithmetic', { start: found, end: found + 2 }, UPDATES[operator] ?? operator)
    } else if (type === 'UnaryExpression' && operator === '!') {
      add('condition', { start: node.start, end: node.start + 1 }, '')
    } else if (type === 'IfStatement' || type === 'ConditionalExpression') {
      const { start, end } = node['test'] as Node
      add('condition', { start, end }, 'false')
      add('condition', { start, end }, 'true')
    } else if (type === 'ExpressionStatement' && isRemovable(source, node)) {
      add('removed', node, ';')
    }
  })
  return mutants.toSorted((a, b) => a.start - b.start)
}

export function applyMutant(source: string, { start, end, replacement }: Mutant): string {
  return source.slice(0, start) + replacement + source.slice(end)
}

/** What the change reads, for a list: the line before and after. */
export function describeMutant(source: string, mutant: Mutant): { before: string; after: string } {
  const from = source.lastIndexOf('\n', mutant.start - 1) + 1
  const lineEnd = source.indexOf('\n', mutant.end)
  const to = lineEnd < 0 ? source.length : lineEnd
  return {
    before: source.slice(from, to).trim(),
    after: (source.slice(from, mutant.start) + mutant.replacement + source.slice(mutant.end, to)).trim(),
  }
}

function walk(node: Node, visit: (node: Node) => void): void {
  // Types vanish before anything runs.
  if (
    node.type.startsWith('TS') &&
    !['TSAsExpression', 'TSSatisfiesExpression', 'TSNonNullExpression'].includes(node.type)
  )
    return
  visit(node)
  for (const value of Object.values(node))
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) walk(child, visit)
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'

function operatorAt(source: string, node: Node): { start: number; end: number } {
  const operator = node.operator ?? ''
  const left = node['left'] as Node
  const start = source.indexOf(operator, left.end)
  return { start, end: start + operator.length }
}

/** Whether `+` joins texts here, as far as the source shows it. */
function isText(node: Node): boolean {
  return [node['left'], node['right']].some(
    (side) =>
      isNode(side) &&
      (side.type === 'TemplateLiteral' ||
        (side.type === 'Literal' && typeof side['value'] === 'string') ||
        (side.type === 'BinaryExpression' && isText(side))),
  )
}

function isRemovable(source: string, node: Node): boolean {
  const expression = node['expression'] as Node
  const isCall = ['CallExpression', 'AssignmentExpression', 'ChainExpression', 'AwaitExpression'].includes(
    expression.type,
  )
  const text = source.slice(node.start, node.end)
  return isCall && !TELLING.test(text) && !text.startsWith('super(')
}
