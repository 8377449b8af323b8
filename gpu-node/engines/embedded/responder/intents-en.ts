// What can be said to the responder in English, and what it answers. The more special intents stand first.
import type { Intent } from './intent.ts'
import { STORIES_EN } from './stories.ts'

/** Words that may end a number before an operator, with what recognisers write for them. */
const NUMBER =
  '(?:\\d[\\d.]*|zero|one|two|three|four|five|six|seven|eight|nine|\\w+teen|ten|eleven|twelve|\\w+ty|hundred|thousand|million|billion|to|too|for|fore|won|ate|tree)'
const OPERATOR = '(?:plus|minus|times|time|less|over|take away|multipl(?:y|ied) by|divided? by)'
const SUM = new RegExp(`\\b${NUMBER} ${OPERATOR} ${NUMBER}\\b|\\badd ${NUMBER} `)

export const INTENTS_EN: readonly Intent[] = [
  {
    id: 'recall name',
    patterns: [
      /\bwhat (?:is|was) my name\b/,
      /\bmy name is(?: what)?$/,
      /\bwho am i\b(?! talking| speaking)/,
      /\b(?:know|remember|forget|forgotten|recall|say|said) (?:what )?my name\b/,
    ],
    phrases: ['what is my name', 'do you remember my name', 'do you know my name'],
    replies: ['Your name is {name}.', 'You told me that your name is {name}.'],
    otherwise: ['You have not told me your name yet. What is it?'],
  },
  {
    id: 'tell name',
    patterns: [/\b(?:my name is|call me|i am called|people call me) (?!what\b|not\b|later\b|back\b|when\b)\p{L}/u],
    replies: ['Nice to meet you, {name}. What can I do for you?', 'Hello {name}. I will remember your name.'],
    otherwise: ['Nice to meet you. What can I do for you?'],
  },
  {
    id: 'recall first utterance',
    patterns: [/\bwhat (?:was|is) (?:the first thing|my first)\b/, /\bwhat did i (?:say|ask|tell)\b.*\bfirst\b/],
    phrases: ['what was my first question', 'what did i say first'],
    replies: ['The first thing you said was: {first}.'],
    otherwise: ['This is the first thing that you said to me.'],
  },
  {
    id: 'recall utterance',
    patterns: [
      /\bwhat (?:did|have|had) i (?:say|said|ask|asked|tell|told)\b/,
      /\bwhat (?:was|is) my (?:last )?question\b/,
      /\bwhat i (?:said|asked|told)\b/,
      /\bwhat (?:did )?we talk(?:ed|ing)? about\b/,
    ],
    phrases: ['what did i say before', 'what did i ask you before', 'what did i ask before'],
    replies: ['Before this, you said: {earlier}.', 'You said: {earlier}.'],
    otherwise: ['You have not said anything before this.'],
  },
  {
    id: 'repeat reply',
    patterns: [
      /\bwhat did you (?:say|tell)\b/,
      /\brepeat (?:that|it|yourself|what)\b/,
      /\bsay (?:that|it) (?:again|once more)\b/,
      /^(?:pardon|come again|repeat|sorry what|again)$/,
      /\b(?:can|could|would) you repeat\b/,
    ],
    phrases: ['what did you say', 'can you repeat that', 'say that again'],
    replies: ['I said: {lastReply}'],
    otherwise: ['I have not said anything yet.'],
  },
  {
    id: 'arithmetic',
    patterns: [SUM],
    replies: ['{sum} is {result}.', '{sum} makes {result}.'],
    otherwise: ['That cannot be computed.'],
  },
  {
    id: 'count',
    patterns: [
      /\bcount(?:ing)?\b.*?\b(?:to|till|until|up to|too|two)\b (?:a )?(?<count>[\w ]+)$/,
      /\bcan you count\b/,
      /^count\b/,
    ],
    phrases: ['count to ten', 'count to twenty'],
    replies: ['{counting}. Done.'],
  },
  {
    id: 'story',
    patterns: [/\b(?:story|stories|fairy tale|tale)\b/],
    phrases: ['tell me a story', 'tell me another story'],
    replies: STORIES_EN,
  },
  {
    id: 'joke',
    patterns: [/\bjokes?\b/, /\bmake me laugh\b/, /\bsomething funny\b/],
    phrases: ['tell me a joke'],
    replies: [
      'Why did the microphone go to school? It wanted to be a little sharper.',
      'I wanted to tell you a joke about silence, but you would not have heard it.',
    ],
  },
  {
    id: 'weather',
    patterns: [/\bweather\b/, /\b(?:is|will) it (?:be )?(?:rain|sunny|cold|warm|hot|snow)/, /\btemperature\b/],
    phrases: ['what is the weather like', 'how is the weather today'],
    replies: ['I cannot know the weather, because I have no window and no connection to a weather station.'],
  },
  {
    id: 'time',
    patterns: [/\bwhat (?:is the )?time\b/, /\btime is it\b/, /\btell me the time\b/, /\bhow late is it\b/],
    phrases: ['what time is it', 'what is the time', 'do you know what time it is'],
    replies: ['It is {time}.'],
  },
  {
    id: 'date',
    patterns: [
      /\b(?:what|which) (?:day|date|month|year)\b/,
      /\bwhat is (?:the |today'?s? |todays )?(?:date|day)\b/,
      /\bwhat is today\b/,
    ],
    phrases: ['what day is it today', 'what is the date'],
    replies: ['Today is {date}.'],
  },
  {
    id: 'help',
    patterns: [
      /\bwhat can (?:you do|i (?:say|ask|do))\b/,
      /\bwhat (?:do|are) you (?:do|able)\b/,
      /^help(?: me)?$/,
      /\b(?:can|could) you help\b/,
      /\bhow (?:do|does) (?:you|this) work\b/,
    ],
    phrases: ['what can you do', 'can you help me', 'what can i ask you'],
    replies: [
      'You can tell me your name, ask for the time or the date, ask me to add or multiply numbers, to count, or to tell a story. And you can interrupt me at any time.',
    ],
  },
  {
    id: 'persona',
    patterns: [
      /\bwhat is your name\b/,
      /\bwho are you\b/,
      /\bwhat are you\b/,
      /\byour name\b/,
      /\bintroduce yourself\b/,
      /\bwho am i (?:talking|speaking) (?:to|with)\b/,
      /\bwhat (?:can|should) i call you\b/,
    ],
    phrases: ['what is your name', 'who are you', 'tell me about yourself'],
    replies: [
      'My name is {persona}. I am a small demonstration voice.',
      'I am {persona}, a small demonstration voice.',
    ],
  },
  {
    id: 'human',
    patterns: [
      /\bare you (?:a |an )?(?:robot|human|real|machine|computer|person|alive)\b/,
      /\bhow old are you\b/,
      /\bwhere (?:are|do) you (?:live|from)?\b/,
    ],
    phrases: ['are you a robot', 'are you human', 'how old are you'],
    replies: ['I am a small computer program that runs at home, with a few rules and no age.'],
  },
  {
    id: 'hearing',
    patterns: [
      /\b(?:can|do) you (?:hear|understand) (?:me|this)\b/,
      /^(?:testing|test|this is a test)\b/,
      /\bone two three\b/,
      /\bare you there\b/,
    ],
    phrases: ['can you hear me', 'testing one two three', 'are you there'],
    replies: ['Yes, I can hear you. You said: {utterance}.', 'I hear you. You said: {utterance}.'],
  },
  {
    id: 'how are you',
    patterns: [
      /\bhow (?:are|is) (?:you|it going|your day|everything|things)\b/,
      /\bhow do you (?:do|feel)\b/,
      /\bhow have you been\b/,
      /\bwhat is (?:up|new)\b/,
    ],
    phrases: ['how are you', 'hello how are you', 'how are you doing', 'how are you today'],
    replies: ['I am fine, thank you. How are you?', 'Very well, thank you. And you?'],
  },
  {
    id: 'goodbye',
    patterns: [/\b(?:good ?bye|bye|see you|farewell|good night|talk to you later)\b/],
    phrases: ['goodbye', 'see you later', 'good night'],
    replies: ['Goodbye, {name}. It was nice to talk to you.'],
    otherwise: ['Goodbye. It was nice to talk to you.'],
  },
  {
    id: 'thanks',
    patterns: [/\b(?:thanks|thank you|thank)\b/],
    phrases: ['thank you', 'thank you very much'],
    replies: ['You are welcome.', 'My pleasure.'],
  },
  {
    id: 'stop',
    patterns: [/^(?:stop|be quiet|shut up|enough|silence|wait|never mind)\b/],
    replies: ['All right.', 'Okay, I stop.'],
  },
  {
    id: 'share',
    patterns: [/\bi (?<verb>like|love|hate|want|need|feel|think|hope|enjoy|prefer|know|have) (?<thing>.+)$/],
    replies: ['Why do you {verb} {mirrored}?', 'You {verb} {mirrored}. Tell me more.'],
  },
  {
    id: 'well-being',
    patterns: [
      /\bi (?:am|feel) (?:\w+ )?(?<mood>fine|good|great|well|happy|tired|sad|bored|sick|hungry|busy)\b/,
      /^(?<mood>fine|good|great)(?: thanks?| thank you)?$/,
    ],
    replies: ['You are {mood}. Thank you for telling me. What would you like to talk about?'],
  },
  {
    id: 'greeting',
    patterns: [/\b(?:hello|hi|hey|good (?:morning|afternoon|evening|day)|greetings)\b/],
    phrases: ['hello', 'hello there', 'good morning', 'good evening'],
    replies: ['Hello {name}. How can I help you?', 'Hello again, {name}.'],
    otherwise: ['Hello. I am {persona}. How can I help you?', 'Hello. What would you like to talk about?'],
  },
  {
    id: 'yes or no',
    patterns: [/^(?:yes|yeah|yep|sure|no|nope|okay|ok|alright|right)\b/],
    replies: ['All right. What else?', 'I see. What would you like to talk about?'],
  },
  { id: 'silence', patterns: [/^$/], replies: ['I did not hear anything. Please say it again.'] },
]

export const FALLBACK_EN: Intent = {
  id: 'fallback',
  patterns: [],
  replies: [
    'You said: {utterance}. I am only a small demonstration, so ask me what I can do.',
    'I heard: {utterance}. I do not know much about that. Shall I tell you a story?',
    'You said: {utterance}. Tell me more about it.',
  ],
  otherwise: ['I did not understand that. Please say it again.'],
}
