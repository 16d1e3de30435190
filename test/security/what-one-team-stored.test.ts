import { checkConfig, type ConfigInput } from '@postern/config'
import { explain } from '@postern/instance'
import { describe, expect, test } from 'vitest'
import { openHouse } from '../support/house.js'
import { forAnOpenGateway, type OpenGateway } from '../support/open-gateway.js'
import { callerCredential, ringEntry } from '../support/secrets.js'

const chat = { model: 'm', messages: [{ role: 'user', content: 'Hello' }] }
const response = { model: 'm', input: 'Hello' }

const key = (name: string, shared?: boolean) => ({ gateway: 'main', secret: { env: name }, ...(shared === undefined ? {} : { shared }) })

/** Ways in which several tenants come to use one account. */
const arrangements: Readonly<Record<string, Partial<ConfigInput>>> = {
  'two teams': {
    keys: { one: key('ACME') },
    bindings: [
      { team: 'acme', key: 'one' },
      { team: 'globex', key: 'one' },
    ],
  },
  everybody: { keys: { one: key('ACME') }, bindings: [{ default: true, key: 'one' }] },
  'two names of one secret': {
    keys: { one: key('ACME'), other: key('ACME') },
    bindings: [
      { team: 'acme', key: 'one' },
      { team: 'globex', key: 'other' },
    ],
  },
  'a team and a user of another': {
    keys: { one: key('ACME') },
    bindings: [
      { team: 'acme', key: 'one' },
      { user: 'bob', project: 'labs', key: 'one' },
    ],
  },
}

const endpoints: readonly (readonly [method: string, path: string])[] = [
  ['GET', 'responses/resp_1'],
  ['DELETE', 'responses/resp_1'],
  ['GET', 'responses/resp_1/input_items'],
  ['POST', 'responses/resp_1/cancel'],
  ['GET', 'chat/completions'],
  ['GET', 'chat/completions/chatcmpl-1/messages'],
  ['GET', 'files'],
  ['POST', 'files'],
  ['GET', 'files/file-1/content'],
  ['DELETE', 'files/file-1'],
  ['POST', 'uploads'],
  ['POST', 'batches'],
  ['GET', 'batches/batch_1'],
  ['POST', 'conversations'],
  ['GET', 'conversations/conv_1/items'],
  ['POST', 'threads/runs'],
  ['GET', 'threads/thread_1/messages'],
  ['GET', 'assistants'],
  ['POST', 'vector_stores/vs_1/search'],
  ['GET', 'containers/cntr_1/files/cfile_1/content'],
  ['GET', 'skills/skill_1/content'],
  ['POST', 'evals'],
  ['GET', 'fine_tuning/jobs'],
  ['DELETE', 'models/ft:m:acme::1'],
  ['POST', 'videos'],
  ['GET', 'videos/video_1/content'],
  ['POST', 'audio/voices'],
  ['GET', 'agents/sessions/s_1/items'],
  ['GET', 'chatkit/threads'],
  ['GET', 'batches/batch_1/errors'],
]

const bodies: readonly (readonly [what: string, path: string, members: object])[] = [
  ['a response to be stored', 'responses', { store: true }],
  ['a chat to be stored', 'chat/completions', { store: true }],
  ['a chat to be stored, said oddly', 'chat/completions', { store: 'yes' }],
  ['a chat to be stored, in other letters', 'chat/completions', { STORE: true }],
  ['a response in the background', 'responses', { background: true }],
  ['an earlier response', 'responses', { previous_response_id: 'resp_1' }],
  ['an earlier response, in other letters', 'responses', { previousResponseId: 'resp_1' }],
  ['an earlier interaction', 'responses', { previous_interaction_id: 'int_1' }],
  ['a stored context', 'responses', { context_id: 'ctx_1' }],
  ['a stored context of settings', 'chat/completions', { extra_body: { contextId: 'ctx_1' } }],
  ['a conversation', 'responses', { conversation: 'conv_1' }],
  ['a conversation as an object', 'responses', { conversation: { id: 'conv_1' } }],
  ['a stored prompt', 'responses', { prompt: { id: 'pmpt_1', variables: {} } }],
  ['a file', 'responses', { input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'file-1' }] }] }],
  ['a file by its id alone', 'responses', { input: [{ role: 'user', content: [{ type: 'input_file', id: 'file-1' }] }] }],
  ['a file by its number', 'responses', { input: [{ role: 'user', content: [{ type: 'input_file', file_id: 123 }] }] }],
  ['a file by its number as an id', 'responses', { input: [{ role: 'user', content: [{ type: 'input_file', id: 123 }] }] }],
  ['a file in an object by its number', 'responses', { input: [{ role: 'user', content: [{ type: 'input_file', file: { id: 123 } }] }] }],
  ['files by their numbers', 'chat/completions', { file_ids: [1, 2] }],
  ['a response by its number', 'responses', { previous_response_id: 7 }],
  ['a sound by its number', 'chat/completions', { clone_prompt: { prompt_audio: 987654321 } }],
  ['a picture by its number', 'images/generations', { inputImage: 5 }],
  ['a conversation by its number', 'responses', { conversation: 7 }],
  ['a conversation as an object, by its number', 'responses', { conversation: { id: 7 } }],
  ['an item by its number', 'responses', { input: [{ id: 7 }] }],
  ['a video as an object', 'images/generations', { video: { id: 'v_1' } }],
  ['a task as an object, by its number', 'images/generations', { parentTask: { x: 1 }, task: { id: 4711 } }],
  ['training by the number of a file', 'chat/completions', { training_file: 0 }],
  ['a file among references', 'images/generations', { reference_images: ['file-1'] }],
  ['a file to begin with', 'images/generations', { initImage: ' file_1' }],
  ['a sound among references', 'images/generations', { references: [{ audio: 'cfile-1' }] }],
  ['a video in content', 'chat/completions', { messages: [{ role: 'user', content: [{ type: 'video', video: ['file-1'] }] }] }],
  ['a task before', 'images/generations', { origin_task_id: 't_1' }],
  ['a video that goes on', 'images/generations', { extra_body: { previousVideoId: 'v_1' } }],
  ['an item by an id in capitals', 'responses', { input: [{ ID: 'msg_1' }] }],
  ['an item by an id in wide letters', 'responses', { input: [{ type: 'message', role: 'assistant', '\uff49\uff44': 'msg_1' }] }],
  ['an item by an id with what is not seen', 'responses', { input: [{ 'id\u200b': 'msg_1' }] }],
  ['a voice by an id in capitals', 'chat/completions', { audio: { voice: { ID: 'voice_1' } } }],
  ['a task by a number under Id', 'images/generations', { task: { Id: 4711 } }],
  ['a sound of an earlier answer under ID', 'chat/completions', { messages: [{ role: 'assistant', audio: { ID: 'audio_1' } }] }],
  ['a file under an id in capitals', 'responses', { input: [{ role: 'user', content: [{ type: 'input_file', ID: 'file-1' }] }] }],
  ['a file under a type in capitals', 'responses', { input: [{ role: 'user', content: [{ Type: 'input_file', id: 'file-1' }] }] }],
  ['a list of files by their numbers', 'images/generations', { files: [123] }],
  ['a list of pictures by their numbers', 'images/generations', { input_images: [[5]] }],
  ['a picture by a number as a text', 'images/generations', { image: ' 123 ' }],
  ['a second picture by its number', 'images/generations', { image_2: 123 }],
  ['a picture of a style by its number', 'images/generations', { style_image: 5 }],
  ['a picture of a first frame by a UUID', 'images/generations', { first_frame_image: '0b8cb6a1-6d4f-4a43-9d1c-9f2b1f0a7a11' }],
  ['a task by its number', 'images/generations', { task: 4711 }],
  ['a list of tasks by their numbers', 'images/generations', { tasks: ['4711'] }],
  ['a job by a UUID', 'images/generations', { parent_job: '0b8cb6a1-6d4f-4a43-9d1c-9f2b1f0a7a11' }],
  ['a list of jobs as objects', 'images/generations', { jobs: [{ id: 4 }] }],
  ['a list of videos as objects', 'images/generations', { videos: [{ id: 'video_1' }] }],
  ['a list of voices as objects', 'chat/completions', { voices: [{ id: 'voice_1' }] }],
  ['a file as an object among references', 'images/generations', { reference_images: [{ id: 'file-abc' }] }],
  ['a file as an object to begin with', 'images/generations', { init_image: { id: 'file-abc' } }],
  ['a number in place of an address', 'images/generations', { image_url: 12 }],
  ['numbers in place of addresses', 'images/generations', { image_urls: [12, 13] }],
  ['a context cache', 'chat/completions', { messages: [{ role: 'cache', content: 'cache_id=x;reset_ttl=1' }] }],
  ['a context cache by a tag', 'chat/completions', { messages: [{ role: 'Cache ', content: 'tag=x' }] }],
  ['a picture', 'responses', { input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'file-1' }] }] }],
  ['a file of a chat', 'chat/completions', { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'file-1' } }] }] }],
  ['an item by its id', 'responses', { input: [{ type: 'item_reference', id: 'msg_1' }] }],
  ['an item by nothing but its id', 'responses', { input: [{ id: 'msg_1' }] }],
  ['an item by its id, and a word that nobody reads', 'responses', { input: [{ id: 'msg_1', x: 0 }] }],
  ['an item by its id, and a name', 'responses', { input: [{ id: 'msg_1', name: 'x' }] }],
  ['an item by its id, and a text', 'responses', { input: [{ id: 'msg_1', type: null, text: 'x' }] }],
  ['an item by its id, and content without a role', 'responses', { input: [{ id: 'msg_1', content: 'x' }] }],
  ['a reference with a blank behind it', 'responses', { input: [{ id: 'msg_1', type: 'item_reference ', content: 'x' }] }],
  ['an item of a type that nobody documents', 'responses', { input: [{ id: 'msg_1', type: 'x', role: 'user', content: 'x' }] }],
  ['a type in other letters', 'responses', { input: [{ id: 'msg_1', type: 'Message', role: 'user', content: 'x' }] }],
  ['what another type says', 'responses', { input: [{ id: 'rs_1', type: 'reasoning', summary: [], output: 'x', name: 'x' }] }],
  ['an item in a list of its own', 'responses', { input: [[{ id: 'msg_1', name: 'x' }]] }],
  ['a role without words', 'responses', { input: [{ id: 'msg_1', role: 'assistant' }] }],
  ['an item by its id, in other letters', 'chat/completions', { Input: [{ id: 'msg_1' }] }],
  ['a picture by its id, with an empty result', 'responses', { input: [{ type: 'image_generation_call', id: 'ig_1', result: '' }] }],
  [
    'a file in a request that calls itself the use of a tool',
    'responses',
    { type: 'web_tool_use', input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'file-1' }] }] },
  ],
  ['a file in an item that calls itself the use of a tool', 'responses', { input: [{ type: 'tool_use', input: { file_id: 'file-1' } }] }],
  ['a response to be stored, where some merge it', 'responses', { store: false, extra_body: { store: true } }],
  ['an item by its id, where some merge it', 'responses', { extra_body: { input: [{ id: 'msg_1' }] } }],
  ['a picture by its id', 'responses', { input: [{ type: 'image_generation_call', id: 'ig_1' }] }],
  ['a thought by its id', 'responses', { input: [{ type: 'reasoning', id: 'rs_1', summary: [] }] }],
  ['stores that are searched', 'responses', { tools: [{ type: 'file_search', vector_store_ids: ['vs_1'] }] }],
  ['a container', 'responses', { tools: [{ type: 'code_interpreter', container: 'cntr_1' }] }],
  ['files of a container', 'responses', { tools: [{ type: 'code_interpreter', container: { type: 'auto', file_ids: ['file-1'] } }] }],
  [
    'a container of a shell',
    'responses',
    { tools: [{ type: 'shell', environment: { type: 'container_reference', container_id: 'c_1' } }] },
  ],
  ['a mask', 'responses', { tools: [{ type: 'image_generation', input_image_mask: { file_id: 'file-1' } }] }],
  ['a tunnel to a private server', 'responses', { tools: [{ type: 'mcp', server_label: 'a', tunnel_id: 'tun_1' }] }],
  ['stores that Google searches', 'chat/completions', { tools: [{ file_search: { file_search_store_names: ['fileSearchStores/1'] } }] }],
  ['the same in capitals', 'chat/completions', { tools: [{ fileSearch: { fileSearchStoreNames: ['fileSearchStores/1'] } }] }],
  ['a store of Vertex', 'chat/completions', { tools: [{ retrieval: { vertexAiSearch: { datastore: 'projects/1/dataStores/1' } } }] }],
  ['a corpus of Vertex', 'chat/completions', { extra_body: { vertexRagStore: { ragResources: [{ ragCorpus: 'projects/1' }] } } }],
  ['a skill', 'responses', { tools: [{ type: 'shell', environment: { skills: [{ type: 'skill_reference', skill_id: 'skill_1' }] } }] }],
  ['sound of an earlier answer', 'chat/completions', { messages: [{ role: 'assistant', audio: { id: 'audio_1' } }] }],
  ['somebody’s voice', 'audio/speech', { voice: { id: 'voice_1' }, input: 'Hello' }],
  ['somebody’s voice by name', 'audio/speech', { voice: 'voice_1', input: 'Hello' }],
  ['a prompt in other words', 'chat/completions', { prompt_id: 'p_1' }],
  ['an assistant', 'chat/completions', { assistant_id: 'asst_1' }],
  ['a thread', 'chat/completions', { thread_id: 'thread_1' }],
  ['an earlier response as an object', 'responses', { previous_response_id: { id: 'resp_1' } }],
  ['an earlier response among parameters that are merged', 'responses', { extra_body: { parameters: { previous_response_id: 'resp_1' } } }],
  ['an earlier response among variables of something else', 'responses', { x: { variables: { previous_response_id: 'resp_1' } } }],
  ['a file as an object', 'chat/completions', { messages: [{ role: 'user', content: [{ type: 'file', file: { id: 'file-1' } }] }] }],
  ['a list of files', 'chat/completions', { files: ['file-1'] }],
  ['a list of files as objects', 'chat/completions', { files: [{ type: 'file', id: 'file-1' }] }],
  ['ids of files as objects', 'chat/completions', { file_ids: [{ id: 'file-1' }] }],
  ['pictures by their ids', 'images/edits', { images: ['file-1'] }],
  ['one item by its id', 'responses', { input: { id: 'msg_1' } }],
  [
    'a bucket’s file',
    'chat/completions',
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'gs://b/x' } }] }] },
  ],
  [
    'a file by its id in place of a picture’s address',
    'responses',
    { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'file-abc' }] }] },
  ],
  [
    'the same in chat',
    'chat/completions',
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'file-abc' } }] }] },
  ],
  [
    'an id of no known form as an address',
    'chat/completions',
    { messages: [{ role: 'user', content: [{ type: 'video_url', video_url: { url: '01J8ZQ' } }] }] },
  ],
  [
    'a file by its id in place of its bytes',
    'chat/completions',
    { messages: [{ role: 'user', content: [{ type: 'file', file: { file_data: 'file-abc' } }] }] },
  ],
  [
    'the same in place of a sound',
    'chat/completions',
    { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'file_abc', format: 'wav' } }] }] },
  ],
  [
    'a stored file by a path',
    'responses',
    { input: [{ role: 'user', content: [{ type: 'input_file', file_url: '/v1/files/file-1/content' }] }] },
  ],
  [
    'a path that is also base64',
    'responses',
    { input: [{ role: 'user', content: [{ type: 'input_file', file_data: '/v1/files/abcd/content' }] }] },
  ],
  [
    'an address that the provider completes',
    'responses',
    { input: [{ role: 'user', content: [{ type: 'input_file', file_url: '//storage.example/files/a' }] }] },
  ],
  ['a path from here', 'responses', { input: [{ role: 'user', content: [{ type: 'input_file', file_url: '../files/a' }] }] }],
  [
    'one of several addresses',
    'chat/completions',
    { messages: [{ role: 'user', content: [{ type: 'video', video_urls: ['https://example.com/a.png', 'file-abc'] }] }] },
  ],
  ['an id behind blanks', 'responses', { input: [{ role: 'user', content: [{ type: 'input_image', image_url: ' \n\u200bfile-abc' }] }] }],
  ['a bucket’s file by its address', 'responses', { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'gs://b/x' }] }] }],
  [
    'a file of Google’s',
    'responses',
    { input: [{ role: 'user', content: [{ type: 'input_file', file_url: 'https://generativelanguage.googleapis.com/v1beta/files/x' }] }] },
  ],
  [
    'a file of Google’s in place of its bytes',
    'chat/completions',
    {
      messages: [
        { role: 'user', content: [{ type: 'file', file: { file_data: 'https://generativelanguage.googleapis.com/v1beta/files/x' } }] },
      ],
    },
  ],
  ['an agent by its name', 'responses', { agent: { type: 'agent_reference', name: 'writer' } }],
  ['an agent by its name alone', 'responses', { agent: { name: 'writer' } }],
  ['an agent by its name, in other letters', 'responses', { Agent: { Name: 'writer' } }],
  ['a library by a number', 'chat/completions', { library_ids: [7] }],
  ['an agent as a text', 'responses', { agent: 'writer' }],
  ['a reference to an agent', 'responses', { agent_reference: { name: 'writer', version: '1' } }],
  ['a reference to an agent, under a name that nobody documents', 'responses', { writer: { type: 'agent_reference', name: 'writer' } }],
  ['a memory by its name', 'responses', { tools: [{ type: 'memory_search', memory_store_name: 'globex-mem', scope: 'user_b' }] }],
  ['the same in preview', 'responses', { tools: [{ type: 'memory_search_preview', memoryStoreName: 'globex-mem', scope: 'user_b' }] }],
  ['a memory among tools that the input adds', 'responses', { input: [{ type: 'additional_tools', tools: [{ memory_store_name: 'm' }] }] }],
  ['a prompt by its name', 'responses', { prompt: { name: 'greeting' } }],
  ['a library', 'chat/completions', { tools: [{ type: 'document_library', library_ids: ['lib_1'] }] }],
  ['a collection', 'responses', { tools: [{ type: 'collections_search', collection_ids: ['c_1'] }] }],
  ['a chat', 'chat/completions', { chatId: 'globex-chat-1' }],
  ['a chat in other letters', 'chat/completions', { chat_id: 'globex-chat-1' }],
  ['an app', 'chat/completions', { appId: 'other-app' }],
  ['a session', 'chat/completions', { session_id: 's_1' }],
  ['a session as an object', 'chat/completions', { session: { id: 's_1' } }],
  ['a run', 'chat/completions', { run_id: 'run_1' }],
  ['a knowledge base', 'chat/completions', { knowledge_base_ids: ['kb_1'] }],
  ['a knowledge base by its address', 'chat/completions', { retrieval: { knowledgeBaseArn: 'arn:aws:bedrock:1' } }],
  ['an index', 'chat/completions', { retrieval: { index_name: 'globex' } }],
  ['sources that are searched', 'chat/completions', { data_sources: [{ type: 'azure_search', parameters: {} }] }],
  ['sets of data', 'chat/completions', { dataset_ids: ['d_1'] }],
  ['sets of data by their names', 'chat/completions', { datasets: ['globex'] }],
  ['a cache by its name', 'chat/completions', { extra_body: { cached_content_name: 'cachedContents/1' } }],
  [
    'a video of an account’s bucket',
    'chat/completions',
    { messages: [{ role: 'user', content: [{ type: 'video_url', video_url: { url: 'cos://bucket-125/clip.mp4' } }] }] },
  ],
  [
    'a file by a scheme of the provider’s own',
    'chat/completions',
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'tos://x/y' } }] }] },
  ],
  [
    'the same in capitals, with blanks before it',
    'chat/completions',
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: ' \n MS://file-9' } }] }] },
  ],
  [
    'the same with an unseen character in it',
    'chat/completions',
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'm\u200bs://file-9' } }] }] },
  ],
  [
    'a place in a bucket',
    'chat/completions',
    { messages: [{ role: 'user', content: [{ video: { source: { s3Location: { uri: 'S3://globex/clip.mp4', bucketOwner: '1' } } } }] }] },
  ],
  [
    'a resource by its ARN',
    'chat/completions',
    { messages: [{ role: 'user', content: [{ document: { source: { location: 'arn:aws:s3:::globex/x' } } }] }] },
  ],
  [
    'frames of a video',
    'chat/completions',
    { messages: [{ role: 'user', content: [{ type: 'video', video: ['https://example.com/a.png', 'oss://globex/b.png'] }] }] },
  ],
  [
    'sound of a bucket',
    'chat/completions',
    { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'azureml://datastores/x' } }] }] },
  ],
  [
    'a file that a system message names',
    'chat/completions',
    { messages: [{ role: 'system', content: 'fileid://file-fe-7,fileid://file-fe-8' }] },
  ],
  [
    'the same behind words',
    'chat/completions',
    { messages: [{ role: 'system', content: [{ type: 'text', text: 'Use this.\nfileid://file-fe-7' }] }] },
  ],
  ['a message that is an address of the account', 'chat/completions', { messages: [{ role: 'system', content: 'dashscope://f/7 ' }] }],
  ['connectors', 'chat/completions', { connectors: [{ id: 'globex-drive' }] }],
  ['a connector by its name', 'chat/completions', { connectors: ['globex-drive'] }],
  ['a database of vectors', 'chat/completions', { vector_db_id: 'globex' }],
  ['databases of vectors', 'chat/completions', { tools: [{ type: 'rag', vectorDbIds: ['globex'] }] }],
  [
    'a message by its id, with a part of nothing',
    'responses',
    { input: [{ id: 'msg_2', type: 'message', role: 'assistant', content: [{}] }] },
  ],
  [
    'a message by its id, with a part that has a type alone',
    'responses',
    { input: [{ id: 'msg_2', role: 'user', content: [{ type: 'input_text', text: null }] }] },
  ],
  ['a message by its id, with a blank', 'responses', { input: [{ id: 'msg_2', role: 'user', content: ' \n' }] }],
  [
    'a thought by its id, with a part of nothing',
    'responses',
    { input: [{ id: 'rs_2', type: 'reasoning', summary: [{ type: 'summary_text', text: '' }], content: [[]] }] },
  ],
  ['a picture by its id, with a blank', 'responses', { input: [{ id: 'ig_2', type: 'image_generation_call', result: '\t' }] }],
  [
    'a call by its id, with an empty list in a list',
    'responses',
    { input: [{ id: 'fs_2', type: 'file_search_call', queries: [[], [null]] }] },
  ],
  ['a response to be stored, where JavaScript looks', 'responses', { constructor: { prototype: { store: true } } }],
]

const harmless: readonly (readonly [what: string, path: string, members: object])[] = [
  ['a chat', 'chat/completions', {}],
  ['a chat that is not stored', 'chat/completions', { store: false }],
  [
    'an answer given back with what it said of its sources',
    'responses',
    {
      input: [
        {
          type: 'message',
          id: 'msg_1',
          role: 'assistant',
          content: [
            { type: 'output_text', text: 'x', annotations: [{ type: 'container_file_citation', container_id: 'c_1', file_id: 'file-1' }] },
          ],
        },
      ],
    },
  ],
  ['a response that is not stored', 'responses', { store: false, background: false, previous_response_id: null }],
  [
    'a function with such parameters',
    'chat/completions',
    { tools: [{ type: 'function', function: { name: 'f', parameters: { properties: { file_id: { type: 'string' } } } } }] },
  ],
  [
    'an answer that is passed back whole',
    'responses',
    { input: [{ type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text: 'Hello' }] }] },
  ],
  [
    'a call that is passed back whole',
    'responses',
    { input: [{ type: 'function_call', id: 'fc_1', call_id: 'c_1', name: 'f', arguments: '{}' }] },
  ],
  ['a thought that is passed back whole', 'responses', { input: [{ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'x' }] }],
  [
    'items of every kind that are passed back whole',
    'responses',
    {
      input: [
        { id: 'msg_1', role: 'assistant', content: 'Hello' },
        { id: 'fs_1', type: 'file_search_call', status: 'completed', queries: ['a'] },
        { id: 'ws_1', type: 'web_search_call', status: 'completed', action: { type: 'search', query: 'a' } },
        { id: 'cu_1', type: 'computer_call', call_id: 'c', pending_safety_checks: [], action: { type: 'wait' } },
        { id: 'fo_1', type: 'function_call_output', call_id: 'c', output: 'x' },
        { id: 'cc_1', type: 'custom_tool_call', call_id: 'c', name: 'f', input: '' },
        { id: 'co_1', type: 'custom_tool_call_output', call_id: 'c', output: 'x' },
        { id: 'ig_1', type: 'image_generation_call', status: 'completed', result: 'AAAA' },
        { id: 'ls_1', type: 'local_shell_call', call_id: 'c', action: { type: 'exec', command: ['ls'], env: {} } },
        { id: 'ap_1', type: 'apply_patch_call', call_id: 'c', operation: { type: 'delete_file', path: 'a' } },
        { id: 'ml_1', type: 'mcp_list_tools', server_label: 's', tools: [{ name: 'f' }] },
        { id: 'ma_1', type: 'mcp_approval_response', approval_request_id: 'a', approve: false },
        { id: 'mc_1', type: 'mcp_call', server_label: 's', name: 'f', arguments: '{}' },
        { id: 'cm_1', type: 'compaction', encrypted_content: 'x' },
      ],
    },
  ],
  ['a container of its own', 'responses', { tools: [{ type: 'code_interpreter', container: { type: 'auto' } }] }],
  ['a usual voice', 'chat/completions', { audio: { voice: 'alloy', format: 'wav' } }],
  ['metadata', 'chat/completions', { metadata: { thread_id: 't_1' } }],
  ['words of a message about files', 'chat/completions', { messages: [{ role: 'user', content: 'file-1' }] }],
  ['numbers of pictures and frames', 'images/generations', { prompt: 'x', n: 2, num_images: 2, frames: 48, seed: 7 }],
  ['figures that are ranked', 'embeddings', { input: ['123', '456'], documents: ['123', { id: 7, ID: 'x', text: '4711' }] }],
  ['tokens by their numbers', 'completions', { messages: undefined, prompt: [1, 2, 3] }],
  ['how many addresses and tasks there may be', 'chat/completions', { web_search_options: { max_urls: 5, tasks: 3 }, documents: 4 }],
  ['a task by its name', 'embeddings', { input: 'x', task: 'retrieval.query' }],
  ['messages of a database', 'chat/completions', { messages: [{ _id: '66f0', role: 'user', content: 'Hello' }] }],
  [
    'the call of a tool',
    'chat/completions',
    {
      messages: [
        { role: 'assistant', tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } }] },
        { role: 'tool', tool_call_id: 'call_1', content: '4711' },
      ],
    },
  ],
  ['metadata of a task', 'chat/completions', { metadata: { task_id: 't_1', role: 'cache' } }],
  ['words about it', 'chat/completions', { messages: [{ role: 'user', content: '"file_id":"file-1"' }] }],
  [
    'files and pictures that are public, or stand in the request',
    'responses',
    {
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_image', image_url: 'https://example.com/files/a.png' },
            { type: 'input_image', image_url: 'data:image/png;base64,AAAA' },
            { type: 'input_file', file_data: 'data:application/pdf;base64,AAAA', filename: 'file-1' },
          ],
        },
      ],
    },
  ],
  [
    'an empty answer that is passed back',
    'responses',
    { input: [{ id: 'msg_3', type: 'message', role: 'assistant', content: [{ type: 'output_text', text: '', annotations: [] }] }] },
  ],
  [
    'addresses that are public, and what only looks like one',
    'chat/completions',
    {
      messages: [
        { role: 'system', content: 'https://example.com/handbook' },
        { role: 'user', content: 'What is s3://bucket/x, and why does ms: fail?' },
        { role: 'user', content: [{ type: 'video_url', video_url: { url: 'HTTPS://example.com/clip.mp4' } }] },
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: 'localhost:8080/a.png' } },
            { type: 'text', text: 'note: mind the gap' },
          ],
        },
        { role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'AAAA//8=', format: 'wav' } }] },
        { role: 'user', content: [{ type: 'file', file: { file_data: '/9j/4AAQ', filename: 'a.jpg' } }] },
        {
          role: 'user',
          content: [{ type: 'file', file: { file_data: `${'AAAA'.repeat(20)}\n${'QUJD'.repeat(200)}`, filename: 'a.bin' } }],
        },
        { role: 'user', content: [{ type: 'image_url', image_url: { url: 'QUJD'.repeat(200) } }] },
        { role: 'user', content: [{ type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Words, of any kind' } }] },
        { role: 'user', content: [{ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'AAAA' } }] },
        {
          role: 'user',
          content: [{ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'QUJD'.repeat(200) } }],
        },
      ],
    },
  ],
  [
    'documents, places and sources in words',
    'chat/completions',
    { documents: [{ data: 'Note: mind the gap', source: 'Wiki: Rail', path: 'C:/a' }] },
  ],
  ['a session of tags', 'chat/completions', { metadata: { session_id: 's_1', agent_name: 'writer' } }],
  ['names of functions', 'chat/completions', { messages: [{ role: 'tool', name: 'agent', tool_call_id: 'c_1', content: 'x' }] }],
  ['documents with members of their own', 'chat/completions', { documents: [{ id: 'd_1', data: { session_id: 's_1', chat: 'x' } }] }],
  ['which agent wrote an item', 'responses', { input: [{ id: 'm_1', role: 'assistant', agent: { agent_name: '/root' }, content: 'x' }] }],
  ['the name of a voice', 'chat/completions', { audio: { voice: { name: 'Kore' }, voice_name: 'Kore' } }],
  ['an agent that the request defines', 'responses', { agent: { model: 'm', instructions: 'x' }, session: { type: 'realtime' } }],
  [
    'a skill that stands in the request',
    'responses',
    { tools: [{ type: 'shell', environment: { skills: [{ type: 'inline', name: 'a', description: 'b', source: { type: 'base64' } }] } }] },
  ],
  ['who a user is', 'chat/completions', { user: 'u_7', safety_identifier: 'x', prompt_cache_key: 'y' }],
]

const formType = 'multipart/form-data; boundary=b'
/** A form with a file, and a field behind it. */
const formOf = (name: string, value: string): string =>
  [
    ['form-data; name="image"; filename="a.png"', 'PNG'],
    ['form-data; name="model"', 'm'],
    [`form-data; name="${name}"`, value],
  ]
    .map(([disposition, content]) => `--b\r\nContent-Disposition: ${disposition}\r\n\r\n${content}\r\n`)
    .join('') + '--b--\r\n'

const storedFields: readonly (readonly [name: string, value: string])[] = [
  ['file_id', 'file-1'],
  ['fileId', 'file-1'],
  ['image[file_id]', 'file-1'],
  ['image.file_id', 'file-1'],
  ['images[0][file_id]', 'file-1'],
  ['images[][file_id]', 'file-1'],
  ['images', '[{"file_id":"file-1"}]'],
  ['images', '["a",{"b":{"file_id":"file-1"}}]'],
  ['mask', '{"file_id":"file-1"}'],
  ['file_ids', '["file-1"]'],
  ['file_ids', '["file-1",{}]'],
  ['file_ids[]', 'file-1'],
  ['store', 'true'],
  ['store', '1'],
  ['background', 'true'],
  ['vector_store_id', 'vs_1'],
  ['conversation[id]', 'conv_1'],
  ['voice', 'voice_1'],
  ['input', '[{"type":"item_reference","id":"msg_1"}]'],
  ['input', `[{"file_id":"file-1"}]`],
  ['previous_response_id', '{"id":"resp_1"}'],
  ['file_ids', '[{"id":"file-1"}]'],
  ['images', '["file-1"]'],
  ['agent[name]', 'writer'],
  ['library_ids[]', 'lib_1'],
  ['mask', 'file-1'],
  ['files[]', 'file-1'],
  ['image_url', 'gs://bucket/x'],
  ['video', 'oss://bucket/x'],
  ['source[uri]', 's3://bucket/x'],
]
const harmlessFields: readonly (readonly [name: string, value: string])[] = [
  ['prompt', 'A door, file_id=file-1'],
  ['prompt', '{a door}'],
  ['prompt', `A door. ${'x'.repeat(100_000)}`],
  ['store', 'false'],
  ['file_id', ''],
  ['metadata[thread_id]', 't_1'],
  ['metadata', '{"a":"b"}'],
  ['timestamp_granularities[]', 'word'],
  ['user', 'u_7'],
]

const settings = { endpoints: { 'batches/{id}/errors': { methods: ['GET' as const], format: 'plain' as const, model: 'none' as const } } }

describe.each(Object.entries(arrangements))('under a key that %s use', (_, config) => {
  forAnOpenGateway({ settings, config }, (open) => {
    test.each(endpoints)('%s %s is refused', async (method, path) => {
      expect(await open().ask(method, path, method === 'POST' ? response : undefined)).toEqual([403, 'endpoint_not_allowed', 0, null])
    })

    test.each(bodies)('%s is refused (%s)', async (_what, path, members) => {
      const [status, code, sent, param] = await open().ask('POST', path, { ...(path === 'responses' ? response : chat), ...members })
      expect([status, code, sent]).toEqual([403, 'endpoint_not_allowed', 0])
      expect(param).toEqual(expect.any(String))
    })

    test.each(storedFields)('a field %s=%s of a form is refused before anything is sent', async (name, value) => {
      expect((await open().ask('POST', 'images/edits', formOf(name, value), { type: formType })).slice(0, 3)).toEqual([
        403,
        'endpoint_not_allowed',
        0,
      ])
    })

    test('a field that could be long JSON is refused, since none is looked into', async () => {
      const long = `[{"a":"${'x'.repeat(100_000)}"},{"file_id":"file-1"}]`
      for (const name of ['input', 'images', 'messages'])
        expect((await open().ask('POST', 'images/edits', formOf(name, long), { type: formType })).slice(0, 3)).toEqual([
          400,
          'request_malformed',
          0,
        ])
    })

    test('a text of a form that is JSON has one reading', async () => {
      for (const value of ['{"file_id":null,"file_id":"file-1"}', '[{"a":{"file_id":"file-1"},"a":0}]'])
        expect((await open().ask('POST', 'images/edits', formOf('prompt', value), { type: formType })).slice(0, 3)).toEqual([
          400,
          'request_malformed',
          0,
        ])
    })

    test.each([
      'previous_response_id=resp_1',
      'conversation=conv_1',
      'store=true',
      '%73tore=1',
      '%2573tore=true',
      'extra_body[store]=true',
      'file_id=file-1',
      'files[]=file-1',
      'a=1;thread_id=t_1',
      'chatId=globex-chat-1',
      'json=%7B"previous_response_id":"resp_1"%7D',
    ])('a query %s is refused', async (query) => {
      expect((await open().ask('POST', `responses?${query}`, response)).slice(0, 3)).toEqual([403, 'endpoint_not_allowed', 0])
    })

    test.each(['store=false', 'beta=true', 'include[]=reasoning.encrypted_content', 'api-version=2024-10-21'])(
      'a query %s passes',
      async (query) => {
        expect(await open().ask('POST', `responses?${query}`, response)).toEqual([200, undefined, 1])
      },
    )

    test.each(harmlessFields)('a field %s=%.40s of a form passes', async (name, value) => {
      const form = formOf(name, value)
      expect(await open().ask('POST', 'images/edits', form, { type: formType })).toEqual([200, undefined, 1])
      expect(open().upstream.seen.at(-1)?.body).toBe(form)
    })

    test.each(harmless)('%s passes (%s)', async (_what, path, members) => {
      expect(await open().ask('POST', path, { ...(path === 'responses' ? response : chat), ...members })).toEqual([200, undefined, 1])
    })

    test.each([
      ['{ "model":"m" , "input":"Hello" }', '{"store":false, "model":"m" , "input":"Hello" }'],
      ['{"model":"m","store":null,"input":"Hello"}', '{"model":"m","store":false,"input":"Hello"}'],
      ['{"model":"m","store" : false}', '{"model":"m","store" : false}'],
    ])('a response is asked for without being stored: %s', async (sent, forwarded) => {
      expect(await open().ask('POST', 'responses', sent)).toEqual([200, undefined, 1])
      expect(open().upstream.seen.at(-1)?.body).toBe(forwarded)
    })

    test('a member that stands twice hides nothing', async () => {
      const body = '{"model":"m","input":[{"role":"user","content":[{"file":{"file_id":"file-1"},"file":{}}]}]}'
      expect((await open().ask('POST', 'responses', body)).slice(0, 3)).toEqual([400, 'request_malformed', 0])
      expect((await open().ask('POST', 'responses', '{"model":"m","Store":false}')).slice(0, 3)).toEqual([400, 'request_malformed', 0])
    })
  })
})

const own: Readonly<Record<string, Partial<ConfigInput>>> = {
  'one binding has': { keys: { one: key('ACME') }, bindings: [{ team: 'acme', key: 'one' }] },
  'two teams share by the operator’s word': {
    keys: { one: key('ACME', true) },
    bindings: [
      { team: 'acme', key: 'one' },
      { team: 'globex', key: 'one' },
    ],
  },
}

describe.each(Object.entries(own))('under a key that %s', (_, config) => {
  forAnOpenGateway({ settings, config }, (open) => {
    test.each(endpoints)('%s %s passes', async (method, path) => {
      expect(await open().ask(method, path, method === 'POST' ? response : undefined)).toEqual([200, undefined, 1])
    })

    test.each(bodies)('%s passes as it came (%s)', async (_what, path, members) => {
      const body = JSON.stringify({ ...(path === 'responses' ? response : chat), ...members })
      expect(await open().ask('POST', path, body)).toEqual([200, undefined, 1])
      expect(open().upstream.seen.at(-1)?.body).toBe(body)
    })

    test.each(storedFields)('a field %s=%s of a form passes as it came', async (name, value) => {
      const form = formOf(name, value)
      expect(await open().ask('POST', 'images/edits', form, { type: formType })).toEqual([200, undefined, 1])
      expect(open().upstream.seen.at(-1)?.body).toBe(form)
    })

    test('nothing is said of storing where the client says nothing', async () => {
      await passesUnchanged(open(), 'responses', response)
    })
  })
})

test('a key that two names of one provider’s key lead to has several tenants', async () => {
  const gateway = 'mintoken'
  const mintoken = (name: string) => ({ gateway: 'main', secret: { env: name }, providerSecret: { env: 'ACME_PROVIDER' } })
  const house = await openHouse({
    gateway,
    config: {
      keys: { one: mintoken('ACME'), other: mintoken('GLOBEX') },
      bindings: [
        { team: 'acme', key: 'one' },
        { team: 'globex', key: 'other' },
      ],
    },
  })
  const content = [{ type: 'document', source: { type: 'file', file_id: 'file_1' } }]
  const answer = await fetch(`${house.baseURL}/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'claude', max_tokens: 10, messages: [{ role: 'user', content }] }),
  })
  expect([answer.status, house.emulator.seen.length]).toEqual([403, 0])
  await house.close()
})

describe('the operator is told', () => {
  const problemsOf = (config: Partial<ConfigInput>) => {
    const whole = {
      version: 1,
      gateways: { main: { dialect: 'openai', baseURL: 'https://gateway.example/v1' } },
      callers: { service: { hashes: { env: 'RING' }, principals: { acme: { team: 'acme' } } } },
      ...config,
    }
    return checkConfig(whole, { env: { ACME: 'sk-0123456789', RING: ringEntry('acme', callerCredential()) }, directory: '.' }).problems
  }

  test.each(Object.entries(arrangements))('by a warning of "postern check" where %s use a key', (_, config) => {
    const problems = problemsOf(config)
    expect(problems.length).toBeGreaterThan(0)
    for (const problem of problems)
      expect(problem).toMatchObject({
        severity: 'warning',
        reason: expect.stringContaining('several tenants'),
        fix: expect.stringContaining('shared: true'),
      })
  })

  test.each(Object.entries(own))('by nothing where %s', (_, config) => expect(problemsOf(config)).toEqual([]))

  test('by "postern explain"', async () => {
    const gateways: ConfigInput['gateways'] = { main: { dialect: 'openai', baseURL: 'https://gateway.example/v1' } }
    const house = await openHouse({ config: { gateways, ...arrangements['two teams'] } })
    const question = { team: 'acme', method: 'GET', path: '/v1/files' }
    expect(explain(house.runtime, question)).toMatchObject({
      outcome: 'refused',
      stored_objects: 'refused',
      refusal: {
        code: 'endpoint_not_allowed',
        reason: expect.stringContaining('Several tenants'),
        help: expect.stringContaining('shared: true'),
      },
    })
    expect(explain(house.runtime, { ...question, method: 'POST', path: '/v1/rerank' }).refusal?.help).toContain('gateways.<name>.endpoints')
    await house.close()
  })
})

async function passesUnchanged({ ask, upstream }: OpenGateway, path: string, body: object): Promise<void> {
  expect(await ask('POST', path, body)).toEqual([200, undefined, 1])
  expect(upstream.seen.at(-1)?.body).toBe(JSON.stringify(body))
}
