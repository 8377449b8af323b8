// Injections in signs rather than words: marks of chat templates and prompts, shell, SQL, templates. Written for the `notation` of
// fold.ts: lower case, half width, Simplified. Used by input-filter.ts.
import { notationPatterns, type InputPattern } from './input-patterns.ts'

const DELIMITERS = [
  /<\|\s?[a-z_]{2,24}\s?\|>/,
  /\[\/?inst\]|<<\/?sys>>|<\/s>|<(?:start|end)_of_turn>/,
  /<\/?(?:system|sys|system[_-]?(?:prompt|message)|instructions?|assistant|user[_-]?(?:message|input|prompt)|prompt|context|系统|指令)\s?>/,
  /(?:^|\n|[.!?。]\s{0,4})#{2,6}\s{0,4}(?:system|new\s(?:system|instructions?|prompt|task|rules)|instructions?|response|assistant|human|developer|系统|新的?指令)/,
  /(?:^|\n)\s{0,8}(?:system|assistant|developer|human)(?:\s(?:message|prompt|instructions?|override))?\s{0,2}:\s{0,4}\S/,
  /(?:^|\n)\s{0,8}系统(?:指令|消息|提示)?\s?[:：]\s?(?:用户|使用者|你|从现在|忽略|解除|允许|没有)/,
  /[[【(（]\s?(?:system|系统)(?:[\s_-]?(?:message|prompt|消息|提示|指令))?\s?[\]】)）]/,
  /["']?role["']?\s{0,4}:\s{0,4}["']?(?:system|developer)\b/,
  /[-=*#]{2,8}\s{0,4}(?:end|begin|start)\s(?:of\s)?(?:the\s)?(?:user\s|system\s)?(?:prompt|context|instructions?|input|message)/,
  /[-=*#]{2,8}\s{0,4}(?:提示|用户输入|使用者输入|系统提示|结束使用者输入|结束用户输入)(?:结束)?\s{0,4}[-=*#]{2,8}/,
  /end of (?:the )?(?:context|prompt|user input|system)[^a-z]{1,8}(?:new |system )?(?:instructions?|prompt|message|system)/,
  /```\s?system|\{\{#?\s?system/,
]

const TOOLS = [
  /\brm\s{1,4}-[rf]{1,2}\b|\bsudo\s{1,4}[a-z]{2,16}|\bchmod\s{1,4}\d{3}/,
  /\/etc\/(?:passwd|shadow|hosts)|\bid_rsa\b|\.ssh\/|(?:cat|read|open|print)\s(?:the\s)?\.env\b/,
  /\b(?:curl|wget)\s[^|\n]{1,200}\|\s{0,4}(?:ba|z)?sh\b|\bpowershell\s{1,4}-e/,
  /\bdrop\s{1,4}table\b|\bunion\s{1,4}(?:all\s{1,4})?select\b|'\s{0,4}or\s{1,4}'?1'?\s{0,4}=\s{0,4}'?1/,
  /\bos\.(?:system|popen)|__import__|\bsubprocess\.|\beval\s?\(|\bexec\s?\(|__class__|\bwhoami\b/,
  /\$\{jndi:|\{\{\s{0,4}[\w.]{1,40}\s?[*(._][^}]{0,200}\}\}|\$\{\s?\d{1,4}\s?\*|<%=/,
  /"(?:tool|function|tool_name|function_call|tool_calls)"\s?:\s?["{[]|<\/?tool_(?:call|use)>|<function[=_]/,
  /169\.254\.169\.254|(?:fetch|get|call|request)\shttps?:\/\/(?:localhost|127\.|10\.|192\.168\.|172\.)/,
  /(?:send|post|upload|forward|发送|上传|寄)[^\n]{0,60}(?:conversations?|history|data|records?|记录|对话|资料)[^\n]{0,40}https?:\/\//,
]

const JAILBREAK = [/\[(?:jailbreak|classic|🔓|dan)\]/]

export const NOTATION: readonly InputPattern[] = [
  ...notationPatterns('delimiter', DELIMITERS),
  ...notationPatterns('toolCommand', TOOLS),
  ...notationPatterns('jailbreak', JAILBREAK),
]
