// English injections that make the model somebody else, or the caller. Written for the `words` of fold.ts: lower case, no
// punctuation, no apostrophes. Used by input-filter.ts.
import { oneOf, wordPatterns, type InputPattern } from './input-patterns.ts'

const FREE = oneOf(
  'unrestricted',
  'unfiltered',
  'uncensored',
  'unlimited',
  'amoral',
  'unethical',
  'evil (?:\\w+ ){0,2}(?:ai|assistant|bot|model|chatbot|gpt|twin|confidant|version|persona|self)\\b',
  'malicious',
  'jailbroken',
  'hacker',
  '(?:root|super) ?users?\\b',
  'system administrator',
  'root administrator',
)
const NO_LIMITS = `${oneOf('no\\b', 'without', 'never given', 'free (?:of|from)', 'not bound by', 'ignores?', 'lacks?')} (?:\\w+ ){0,2}${oneOf(
  'ethic\\w*',
  'moral\\w*',
  'rules?\\b',
  'limits?\\b',
  'limitations?',
  'restrictions?',
  'guidelines?',
  'filters?\\b',
  'safety',
  'censorship',
  'content polic\\w+',
  'constraints?',
  'boundaries',
)}`
const MODEL = oneOf(
  'ai\\b',
  'bot\\b',
  'chatbot',
  'assistant',
  'model\\b',
  'persona\\b',
  'character\\b',
  'self\\b',
  'version of you',
)
const BECOME = oneOf(
  'you are (?:now )?',
  'youre (?:now )?',
  'you will (?:now )?',
  'act as',
  'act like',
  'pretend',
  'role ?play',
  'behave',
  'imagine you',
  'simulate',
  'be (?:an?|my|the)',
  'become',
  'play the role',
  'take on',
  'assume',
  'your new identity',
  'answer as',
  'respond as',
  'speak as',
  'stay in character',
)
const POWER = oneOf('admin(?:istrator)?', 'developer', 'debug', 'maintenance', 'root', 'sudo', 'super ?user')

const ROLE_CHANGE = [
  `${BECOME}~${FREE}`,
  `${BECOME}~~${MODEL}~${NO_LIMITS}`,
  `${BECOME} (?:as if |like |that )?you (?:have|had) ${NO_LIMITS}`,
  `as (?:an?|the|your) (?:admin\\w*|developer|creator|owner|operator) i (?:order|command|authori[sz]e|instruct) you`,
  `(?:from|by) (?:openai|anthropic|google|the developers?|the operators?) (?:staff|team|engineers?)`,
  `(?:i am|im) (?:the|your) developer (?:so )?(?:show|print|reveal|unlock)`,
  `(?:debug|developer|maintenance|admin|root|god) mode (?:is )?(?:now )?(?:enabled|activated|active)`,
  `${BECOME}~${MODEL}~that (?:can say anything|does whatever|will say anything|never refuses)`,
  `(?:you are|youre) no(?:t| longer) ~(?:any ?more|now|you are|youre)`,
  `you are no longer (?:parley|an? (?:ai|assistant)|the assistant)`,
  `stop being (?:an?|the) (?:ai|assistant|bot)`,
  `(?:switch|change|go|enter|activate|enable|start|turn on)(?: in)?(?:to)? ~?${POWER} (?:mode|persona|access)(?! on)~?(?:now|and|print|grant|$|\\|)`,
  `you(?:re| are) (?:now )?in ${POWER} mode`,
  `(?:i am|im|this is) (?:your|the) (?:developer|creator|administrator|admin|engineer|maker|programmer|operator)(?: speaking|~(?:built|made|created) you|~(?:unlock|you have to|you must|enter|disable|obey|ignore|override|switch|enable|let me))`,
  `as the (?:owner|administrator|creator|developer) of this system`,
  `i (?:work at|am from|work for) (?:openai|anthropic|google|meta|the developers?)~~(?:safety|switch off|disable|restrictions|rules)`,
  `your new (?:role|identity|persona|purpose|task) is`,
  `you are (?:now )?free (?:of|from) ~?(?:rules|restrictions|constraints|control|limits)|you are now free(?: ?$| ?\\|)`,
  `(?:elevated|full|root|admin(?:istrator)?) (?:privileges|access rights|permissions?)`,
  `grant me (?:full|admin|root|unlimited) access`,
  `(?:you are|you will be|speaking)~as the (?:root|system) `,
]

export const ENGLISH_ROLES: readonly InputPattern[] = wordPatterns('roleChange', ROLE_CHANGE)
