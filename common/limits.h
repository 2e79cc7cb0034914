/*  Every limit on what a user, a peer or a file controls. Sizes are bytes, times milliseconds unless said.
 *  docs/protocol.md repeats those that a client can meet; tests stand at each of them.
 */
#ifndef BATON_LIMITS_H
#define BATON_LIMITS_H

/*  The wire */
#define LIMIT_FRAME (8u << 20)   /*  one frame of a message */
#define LIMIT_HEADER 4096        /*  the header frame */
#define LIMIT_STRANGER 4096      /*  the body of a request from a key that belongs to no identity */
#define LIMIT_VALUES 262144      /*  msgpack values in one request */
#define LIMIT_DEPTH 24           /*  nesting of a msgpack frame */
#define LIMIT_VALUE_DEPTH 16     /*  of a free value inside it: what was let in must fit into events and pages, too */
#define LIMIT_WAIT 300000        /*  how long a reader may be parked at the broker */
#define LIMIT_WAITERS 8192       /*  parked readers at one broker */
#define LIMIT_WAITERS_EACH 1024  /*  of them, those of one identity */
#define LIMIT_READS 1024         /*  long reads that wait at one broker */
#define LIMIT_READS_EACH 256     /*  of one client, and of one run */
#define LIMIT_WRITES 128         /*  changes with large contents that wait to be written, in memory */
#define LIMIT_WRITES_EACH 32     /*  of one client, and of one run */
#define LIMIT_SUBSCRIPTIONS 4096 /*  event subscriptions at one broker */
#define LIMIT_SUBSCRIPTIONS_KEY 256 /*  of one identity: each costs the broker a message an event */
#define LIMIT_PAGE 1000             /*  rows or events in one answer */
#define LIMIT_PAGE_BYTES (4u << 20)

/*  HTTP */
#define LIMIT_HTTP_CONNECTIONS 8192     /*  at a time */
#define LIMIT_HTTP_CONNECTIONS_EACH 256 /*  of one address, unless it is loopback's or a proxy's */
#define LIMIT_HTTP_BODIES (256u << 20)  /*  all bodies that are coming in */
#define LIMIT_STREAMS 8000              /*  event streams at a time: nearly all connections */
#define LIMIT_STREAMS_EACH 4000         /*  of them, those of one identity */
#define LIMIT_HTTP_BODY (12u << 20)     /*  a body: what fits into a frame, with its bytes as base64 */

/*  Names and texts */
#define LIMIT_NAME 64 /*  of an identity, node, agent, driver, team */
#define LIMIT_WHO 69  /*  team:NAME */
#define LIMIT_ID 64   /*  any id, key or digest in text form */
#define LIMIT_TITLE 200
#define LIMIT_OBJECTIVE 16384
#define LIMIT_TEXT 65536 /*  a body, a comment, a reason */
#define LIMIT_SHORT 1024 /*  a one-line text */
#define LIMIT_PATH 4096
#define LIMIT_ENDPOINT 512
#define LIMIT_VALUE 65536 /*  one msgpack value: an input, a schema, a message body */
#define LIMIT_MEMORY_VALUE 8192
#define LIMIT_ITEM (1u << 20)            /*  the parts of one item */
#define LIMIT_BOOTSTRAP_BYTES (4u << 20) /*  of all items that a session begins with */
#define LIMIT_ARTIFACT (4u << 20)
#define LIMIT_LABELS 32
#define LIMIT_PRIORITY 9

/*  One session */
#define LIMIT_MEMORY_KEYS 512
#define LIMIT_MEMORY_BYTES 65536
#define LIMIT_DECISIONS 512
#define LIMIT_DECISION_BYTES (256u * (LIMIT_NAME + 2 * LIMIT_SHORT)) /*  of all of them: a merge holds them thrice */
#define LIMIT_ARTIFACTS 256
#define LIMIT_BREAKPOINTS 512
#define LIMIT_OPEN_BREAKPOINTS 16
#define LIMIT_BREAKPOINT_BYTES (1u << 20) /*  what the state keeps of all of them, before another may be asked */
#define LIMIT_WAITING_BYTES (2u << 20)    /*  with the votes for them, a merge and waiting starts: before one more */
#define LIMIT_VOTE_SHORT 512              /*  a vote of that many bytes is always counted */
#define LIMIT_ANSWER 2048                 /*  the value of a vote: 16 open breakpoints with all their votes are 4 MiB */
#define LIMIT_OPTIONS 32
#define LIMIT_VOTES 64
#define LIMIT_KEY_VOTES 256               /*  a merge's: one each for a person and a key that is not decided yet */
#define LIMIT_MERGE_KEYS 4096             /*  as many as two sessions and what they come from can have */
#define LIMIT_MERGE_BYTES (2u << 20)      /*  of all keys of a merge, with what they are on each side and become */
#define LIMIT_MERGE_KEY 320               /*  that one of them counts besides: whose it is, who decides it */
#define LIMIT_FACT (LIMIT_OBJECTIVE + 16) /*  what is compared under one key, encoded */
#define LIMIT_FACT_KEY (LIMIT_PATH + 16)
#define LIMIT_PRESENT 256
#define LIMIT_CLIENTS 64    /*  that are known to one session, whether there or gone */
#define LIMIT_TTL 86400000u /*  of a client's presence, and of an edit lock: one day */
#define LIMIT_MAILBOX 1024
#define LIMIT_MESSAGES_SEEN 256
#define LIMIT_ASKED 64                           /*  requests that one session waits for */
#define LIMIT_OWED 256                           /*  requests that wait for one session */
#define LIMIT_MESSAGE_REQUEST (2u * LIMIT_VALUE) /*  a whole message.send, message.reply or message.broadcast */
#define LIMIT_DEAD 256                           /*  messages that nobody has read, of one session */
#define LIMIT_QUEUE 16
#define LIMIT_LINEAGE 256              /*  stretches of other journals that its context is made of */
#define LIMIT_ANCESTORS 256            /*  sessions that it has forked from or merged, and theirs */
#define LIMIT_CHILDREN 256             /*  of one session; those that have ended count only while there is room */
#define LIMIT_FAMILY 1024              /*  sessions of one tree, and made by its runs, that have not ended */
#define LIMIT_OFFSHOOTS 256            /*  of them, forks and follow-ups that runs have made */
#define LIMIT_AMOUNT 1000000000000000u /*  of what a budget counts */
#define LIMIT_USAGE 1000000000000u     /*  of it in one report */
#define LIMIT_FAMILY_DEPTH 8           /*  parents above a session */
#define LIMIT_SHARES 64
#define LIMIT_WINDOW 100000000u /*  tokens */
#define LIMIT_PINS 64
#define LIMIT_SPANS 128 /*  of a window, with those that its compactions hide */
#define LIMIT_CALLS 64  /*  without a result */
#define LIMIT_COMPACTIONS 32
#define LIMIT_CHECKPOINTS 64
#define LIMIT_BOOTSTRAP 64            /*  items that a session begins with */
#define LIMIT_PRESSURES 8             /*  thresholds */
#define LIMIT_RENDER (64u << 20)      /*  bytes of the items of a window */
#define LIMIT_RENDER_BLOB (3u << 20)  /*  bytes of a blob that a model is shown: 4 MiB as base64 */
#define LIMIT_RENDER_BLOBS (5u << 20) /*  of all blobs that a rendering shows: as base64 they fit into a frame */
#define LIMIT_DEADLINE 31536000000u   /*  one year */
#define LIMIT_TRIGGERS 64
#define LIMIT_TIMES (LIMIT_QUEUE + 1) /*  missed times that fire one by one; what is beyond could only be dropped */
#define LIMIT_DEPENDENCIES 64
#define LIMIT_WATCHERS 1024            /*  sessions that wait for the end of one */
#define LIMIT_CYCLE 1024               /*  sessions that are looked at for a cycle of dependencies */
#define LIMIT_WATCH_PAGE 256           /*  sessions in one answer to node.watches */
#define LIMIT_WATCH_FILES 20000        /*  files that one trigger looks at */
#define LIMIT_WATCH_FOLDERS 100000     /*  folders in which it looks for them */
#define LIMIT_WATCH_FILE (64u << 20)   /*  bytes of a file up to which its content is what counts */
#define LIMIT_WATCH_BYTES (1ull << 30) /*  of all files whose content counts */
#define LIMIT_RULE 256                 /*  the text of a calendar rule */

/*  What is told of all runs of a session */
#define LIMIT_REPORT 256          /*  entries of each kind; the latest are told */
#define LIMIT_REPORT_KEYS 32      /*  keys named with a run */
#define LIMIT_EXCERPT 2048        /*  of a text */
#define LIMIT_REPORT_TEXT 524288u /*  as Markdown */

/*  One site */
#define LIMIT_IDENTITIES 10000
#define LIMIT_INVITATIONS 1000
#define LIMIT_TEAMS 1000
#define LIMIT_TOKENS 2000            /*  that work, of everybody */
#define LIMIT_TOKENS_EACH 64         /*  of one identity */
#define LIMIT_LINK_TTL 600000u       /*  of a link that signs a browser in: ten minutes */
#define LIMIT_TOKEN_TTL 31536000000u /*  one year */
#define LIMIT_TEAMS_EACH 64          /*  that one identity is in */
#define LIMIT_MEMBERSHIPS 20000      /*  of all teams */
#define LIMIT_NODE_BYTES (4u << 20)  /*  what all nodes say of themselves: the site's state fits into a frame */
#define LIMIT_NODES 1000
#define LIMIT_SLOTS 4096
#define LIMIT_ARRIVING 16                /*  workspaces on their way to a node, of which it tells how far they are */
#define LIMIT_INVITATION_TTL 2592000000u /*  30 days */
#define LIMIT_IDEMPOTENCY_AGE 604800000u /*  an answer is kept for 7 days */

/*  A workspace that moves */
#define LIMIT_ENTRIES 1000000u            /*  files, folders and links of a workspace */
#define LIMIT_FILE_CHUNKS 131072u         /*  chunks of a file: 32 GiB */
#define LIMIT_MANIFEST_PART 1024u         /*  entries of one part of a manifest */
#define LIMIT_MANIFEST_PARTS 16384u       /*  parts of a manifest */
#define LIMIT_MANIFEST_BYTES (256u << 20) /*  all its parts */
#define LIMIT_TRANSFER_ASK 64u            /*  chunks in one request */
#define LIMIT_TRANSFER_CREDIT 256u        /*  chunks that a target may be owed at a time */
#define LIMIT_TRANSFERS 256u              /*  migrations that one node serves at a time */

/*  A workspace that is looked at */
#define LIMIT_MARKER_BYTES (1u << 20) /*  a file that lists members: a larger one is not read */
#define LIMIT_MARKERS 64              /*  markers of one folder, workspaces and working copies around one */
#define LIMIT_MEMBERS 1000            /*  members of a workspace that are told */
#define LIMIT_MEMBER_DEPTH 16         /*  folders below the root in which members are looked for */
#define LIMIT_MEMBER_FOLDERS 20000    /*  folders that are opened in looking for them */
#define LIMIT_FOLDER_NAMES 20000      /*  names of one folder that are looked at */
#define LIMIT_NOTES 32

/*  A session that comes from another site */
#define LIMIT_STAGED_SHARE 16384u             /*  blobs that nothing refers to yet, of one identity */
#define LIMIT_STAGED_SHARE_BYTES (4ull << 30) /*  all of them */
#define LIMIT_STAGED (4 * LIMIT_STAGED_SHARE) /*  of all identities together */
#define LIMIT_STAGED_BYTES (4 * LIMIT_STAGED_SHARE_BYTES)
#define LIMIT_STAGED_AGE 86400000u           /*  a staged blob is kept for a day */
#define LIMIT_IMPORT_PAGES 512u              /*  pages of a journal, each a blob */
#define LIMIT_IMPORT_EVENTS 1000000u         /*  events of a journal */
#define LIMIT_IMPORT_BYTES (256u << 20)      /*  all its pages */
#define LIMIT_ARCHIVE_SECTION (LIMIT_FRAME)  /*  one section of an archive, unpacked */
#define LIMIT_ARCHIVE_PAGE (1u << 20)        /*  a page of events is ended when it has that many bytes */
#define LIMIT_CARRIED_IDLE 2592000000u       /*  how long one is kept for a session that has ended: 30 days */
#define LIMIT_CARRIED (2ull << 30)           /*  bytes of all files of a workspace that comes along */
#define LIMIT_PACK (LIMIT_ARTIFACT - 65536u) /*  bytes of its contents in one pack */
#define LIMIT_PACK_PIECES 2048u              /*  contents in one pack */
#define LIMIT_PACKS 2048u                    /*  of a workspace */
#define LIMIT_LENT 8u                        /*  workspaces that one node gives to exports at a time */
#define LIMIT_REDACT_FILE (16u << 20)        /*  bytes of a text file of a workspace that is searched for secrets */
#define LIMIT_REMOVALS 1000u                 /*  places of which an archive lists what was removed there */

/*  A transcript of another tool */
#define LIMIT_TRANSCRIPT (1u << 30)            /*  the file */
#define LIMIT_TRANSCRIPT_LINE (256u << 20)     /*  one line of it: what a longer one says is left out */
#define LIMIT_TRANSCRIPT_DOCUMENT (256u << 20) /*  a file that is one JSON document */
#define LIMIT_TRANSCRIPT_PART (256u << 10)     /*  what is longer becomes an artifact */

/*  Coding agents */
#define LIMIT_MCP_MESSAGE (16u << 20) /*  one message: an artifact as base64 fits */
#define LIMIT_MCP_DEPTH 48            /*  nesting of one */
#define LIMIT_MCP_VALUES 262144       /*  JSON values in one */
#define LIMIT_MCP_ID 256              /*  a text id or progress token */
#define LIMIT_MCP_URI 2048
#define LIMIT_MCP_STATE 65536        /*  what a client keeps for a request that is asked again */
#define LIMIT_MCP_CALLS 64           /*  requests of one client that are not answered yet */
#define LIMIT_MCP_WATCHED 64         /*  resources that one client is told of */
#define LIMIT_MCP_PEERS 4096         /*  clients with a handshake over HTTP */
#define LIMIT_MCP_PEERS_EACH 256     /*  of one token */
#define LIMIT_MCP_IDLE 3600          /*  seconds after which one that is not heard of is forgotten */
#define LIMIT_MCP_BACKLOG (8u << 20) /*  what a client may leave unread of a stream */

/*  One batch of the core thread */
#define LIMIT_BATCH 256
#define LIMIT_BATCH_BYTES (16u << 20)

#endif
