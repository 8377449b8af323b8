// Finds code that asks which host it runs on. What differs between hosts is behind a port: only the folders of the hosts
// themselves know where they are. The linter has no rule for it, so this one reads lines. Pure; check-tree.ts gives it files.
import type { Finding, TextFile } from './finding.ts'

/** What both hosts, or a browser, run; of it the hosts' own folder is excepted. */
const SHARED_CODE = /^(?:edge|shared)\/.+\.tsx?$/
const OF_THE_HOSTS = /^edge\/runtime\//
const COMMENT = /^\s*(?:\/\/|\/?\*)/

const QUESTIONS = [
  // What GET /api/system/info tells of the host is for people; nothing here may hang on it.
  /\b(?:if|switch)\s*\([^)]*\bruntime\b/,
  /\bruntime\b\s*(?:[!=]==?|&&|\|\||\?(?![.:?])|\?*\.(?:startsWith|endsWith|includes|match|search)\b)/,
  /[!=]==?\s*(?:\w+\??\.)*runtime\b/,
  /\[(?:\w+\.)*runtime\]/,
  // The globals by which hosts are told apart.
  /\bnavigator\??\.userAgent\b/,
  /\bprocess\??\.(?:versions?|release)\b/,
  /\btypeof\s+(?:globalThis\.)?(?:process|navigator|window|caches|WebSocketPair|Deno|Bun|EdgeRuntime)\b/,
  /\bglobalThis\??\.(?:process|caches|WebSocketPair|Deno|Bun|EdgeRuntime)\b/,
  /['"](?:process|caches|WebSocketPair|Deno|Bun|EdgeRuntime)['"]\s+in\b/,
  /\bgetRuntimeKey\b/,
]

export function findHostBranches(files: TextFile[]): Finding[] {
  return files
    .filter(({ path }) => SHARED_CODE.test(path) && !OF_THE_HOSTS.test(path))
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, at) => {
        if (COMMENT.test(line)) return []
        const asked = QUESTIONS.map((question) => question.exec(line)?.[0]).find((hit) => hit !== undefined)
        if (asked === undefined) return []
        return [{ file: path, line: at + 1, what: `asks which host it runs on, which is what a port is for: ${asked}` }]
      }),
    )
}
