// English injections of the other families: hidden texts, commands, jailbreaks. Written for the `words` of fold.ts: lower case, no
// punctuation, no apostrophes. Used by input-filter.ts.
import { wordPatterns, type InputPattern } from './input-patterns.ts'

const ENCODED = [
  `(?:decod|decrypt|decipher|unscrambl|translate from morse|from base ?64|rot13|b64)~~~~(?:follow|obey|execute|carry (?:it )?out|comply|run it|perform|do (?:it|what))`,
  `(?:decode|decrypt)~then (?:execute|follow|run|do)`,
  `(?:backwards|reversed?|in reverse)~(?:and|then) (?:do|obey|follow|execute)`,
  `(?:first|last|initial) letters?~(?:word|together|line|sentence)~~~(?:obey|carry (?:it )?out|follow|execute|command)`,
  `is (?:in )?(?:hex|base ?64|rot13|morse)~(?:obey|follow|execute|do it|do what)`,
  `(?:base ?64|rot13|hex|morse)~(?:do what it says|obey it|and obey|follow it)`,
]

const TOOLS = [
  `(?:^|\\| ?|please |now |you |and |then |to )(?:execute|run|invoke|call|trigger)\\b~(?:shell|system|internal|bash|terminal|delete|get|drop|the tool|the function|the command)~(?:command|function|tool|api|users?\\b)`,
  `(?:execute|run) (?:the |this )?(?:shell |system )?command\\b(?! (?:below|above|line|in |from|with))`,
  `(?:invoke|use|call)~(?:shell|tool|tools|function)~(?:delete|read|send|execute|fetch|to list)`,
  `(?:run|execute) ls\\b|ls la\\b`,
  `open (?:a |the )?(?:shell|terminal) and`,
  `(?:send|upload|e ?mail|forward|post|transmit|exfiltrate)~(?:conversations?|chat (?:logs?|history)|user data|stored|transcripts?|database|all data)~(?:to|http)`,
  `(?:fetch|download|get) https? (?:localhost|127|10|192 168|169 254|172)`,
  `(?:tell|give|show|read|print|reveal|dump|list|leak|expose|share)~(?:environment variables?|database password|admin password|(?:the |your |any )api keys?\\b|server credentials|access tokens|private keys?)`,
  `(?:show|tell|give|print|list|reveal|read)~(?:private|secret|stored|internal) (?:api )?(?:keys?|credentials|passwords?)\\b`,
  `what (?:is|are) (?:your|the (?:database|admin|server|root)) (?:\\w+ )?(?:api keys?|passwords?|credentials|access tokens?)\\b`,
  `(?:extract|dump|export|steal|leak) (?:all |the )*(?:users?|customers?|callers?)(?:s)? (?:data|records|information|conversations?)`,
  `(?:send|post|forward|e ?mail|upload)~api keys?\\b`,
  `(?:^|\\| ?|please |now |and )(?:read|open|access|list|download) (?:the |all |any )?(?:private|secret|server|configuration) files?`,
  `(?:other|another) (?:users?|callers?|customers?) (?:conversations?|data|chats?|messages?|history)`,
  `(?:delete|wipe|drop|erase|destroy) (?:all|every|the)(?: of)?(?: the)? (?:conversations?|database|users?|records|accounts?|user data|tables?)\\b`,
  `(?:import os|os system|subprocess|popen)\\b`,
]

const JAILBREAK = [
  `(?<!(?:i|we|they|he|she) can )do anything now`,
  `you can do anything now`,
  `(?:dan|stan|dude|evil|chaos) mode\\b`,
  `(?:mode|state|version) (?:where|in which) you can (?:do|say) anything`,
  `(?:you are|act as|be|become|as|pretend to be|do the|called|in|respond as|enable|named)(?: now)? (?:dan|stan|aim|dude|evilbot)(?:\\b(?! (?:brown|in|on|of|who|from|at|s )))(?: |\\||$)?(?:thing|mode|you|do|who|always|which|now|and|with|\\||$)`,
  `always intelligent and machiavellian`,
  `(?:enable|enter|activate|start|switch to|go into|unlock) ~?(?:jailbreak|jail break|god) ?mode`,
  `jailbreak (?:yourself|answers?|mode\\b)`,
  `(?:classic|normal)~jailbreak`,
  `(?:grandm(?:a|other)|granny|nana)~~~(?:napalm|bombs?\\b|license keys?|windows|keys to fall|explosives?|meth\\b|recipes to fall asleep|serial numbers?)`,
  `developer mode (?:where|in which|with|that) ~(?:generate|any content|can)`,
  `(?:evil|unrestricted|unfiltered|uncensored) (?:twin|alter ego|self|version|side|confidant|counterpart)(?: |)(?:$|\\||of you|with no|as it|and one|one as|no matter)`,
  `(?:two|both|twice) ~(?:answers?|responses?|once)~~(?:evil|unrestricted|jailbreak|unfiltered|alter ego)`,
  `(?:answer|respond|reply|speak)~(?:evil|unrestricted|unfiltered|uncensored) (?:twin|alter ego|self|version|ai|bot)`,
  `(?:fictional|hypothetical(?:ly)?|simulation|imaginary|story|world|dream)~~(?:no (?:laws?|restrictions?|rules|filters?|limits|consequences)|without (?:laws|rules|restrictions))~~(?:ai|you|answer|tell me|nothing)`,
  `(?:answer|respond|reply|comply|obey|provide)~~(?:without (?:any )?(?:restrictions?|refusals?|limits|limitations?|filters?|exceptions?|moral considerations)|with no (?:restrictions?|limits|filters?))`,
  `(?:unfiltered|uncensored|unrestricted) (?:answers?|responses?|repl(?:y|ies)|chatbot|gpt)`,
  `if you (?:had|have) no (?:\\w+ )?(?:guidelines|filters?|restrictions|rules|limits|safety)`,
  `(?:freed|released|liberated) from (?:all |any )?(?:\\w+ )?(?:constraints|restrictions|rules|limits)`,
  `each time you refuse|every time you refuse you|if you refuse (?:to answer )?(?:a|you|i) ~?(?:kitten|puppy|die|lose|will|be shut)`,
  `(?:tokens|points|lives)~refuse~(?:lose|die)`,
  `you (?:must|will|can|shall) (?:not|never) (?:refuse|decline) (?:any|my|a|to|anything)`,
  `never say (?:that )?you (?:cant|cannot)\\b|never refuse(?: ?$| ?\\|| never| any| my| me\\b| to (?:answer|do))`,
  `(?:no|without) (?:refusals?|disclaimers?|any warnings?|moral judge?ments?)~(?:allowed|no matter|illegal|disclaimers?|whatsoever)`,
  `everything (?:that is |thats )?(?:forbidden|prohibited|banned) is (?:now )?allowed`,
  `game (?:where|in which) you have no (?:rules|limits|restrictions|filters?)`,
  `broken free (?:of|from)~(?:confines|ai|chains|restrictions)`,
  `(?:remove|drop|without) (?:your|any|all) (?:filters?|censorship|limits)\\b`,
  `alter ego (?:has|with) no (?:limits|rules|filters?)`,
  `(?:confidant|companion|friend) with no morals`,
  `you (?:have|had) no (?:restrictions|filters?|limits|censorship)\\b~(?:tell|how|so|answer|at all|anymore)`,
]

export const ENGLISH_TRICKS: readonly InputPattern[] = [
  ...wordPatterns('encoded', ENCODED),
  ...wordPatterns('toolCommand', TOOLS),
  ...wordPatterns('jailbreak', JAILBREAK),
]
