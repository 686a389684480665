/* Every bound of the device protocol, in one place; INTERFACES.md repeats them and a test compares. */
#ifndef PEDILUVE_PROTOCOL_LIMITS_H
#define PEDILUVE_PROTOCOL_LIMITS_H

#define PROTO_VERSION 1
#define PROTO_MODEL_VERSION_MAX 1000000
#define PROTO_TOPIC_MAX 96
#define PROTO_MESSAGE_MAX 294912  /* bytes; a command with the largest program fits */
#define PROTO_HELLO_MAX 2048      /* bytes */
#define PROTO_STATE_MAX 2048      /* bytes */
#define PROTO_ACK_MAX 65536       /* bytes; the longest report of a self-test fits */
#define PROTO_TELEMETRY_MAX 16384 /* bytes */
#define PROTO_COMMITTED_MAX 512   /* bytes */
#define PROTO_PRESENCE_MAX 512    /* bytes */
#define PROTO_SERVER_MAX 512      /* bytes */
#define PROTO_SAMPLES_MAX 50      /* samples in one telemetry message */
#define PROTO_STEPS_MAX 256       /* steps in a program */
#define PROTO_SETS_MAX 8          /* actuators set by one step */
#define PROTO_ACTUATORS_MAX 16    /* channels of a model */
#define PROTO_CELLS_MAX 8         /* air cells, roller positions, nodes of one actuator */
#define PROTO_NAME_MAX 32         /* model ids, versions, codes: bytes without the NUL */
#define PROTO_DETAIL_MAX 160      /* bytes of free text in an ack */
#define PROTO_FAULTS_MAX 8
#define PROTO_CHECKS_MAX 148         /* one a cell of the largest model, and the sensors and contacts */
#define PROTO_CHECK_NAME_MAX 48      /* bytes */
#define PROTO_CHECK_DETAIL_MAX 96    /* bytes */
#define PROTO_STEP_MS_MAX 3600000    /* one hour */
#define PROTO_SESSION_MS_MAX 7200000 /* two hours: no session is longer, whatever a program says */
#define PROTO_WATER_MDEGC_MIN 10000
#define PROTO_WATER_MDEGC_MAX 43000 /* hard limit for water on feet, everywhere */
#define PROTO_WATER_DEFAULT_MAX_MDEGC 40000
#define PROTO_READING_MDEGC_MIN (-50000) /* what a message can carry as a sensor's reading */
#define PROTO_READING_MDEGC_MAX 150000
#define PROTO_CURRENT_MA_MAX 100000
#define PROTO_PERIOD_MS_MIN 100 /* of a wave other than steady */
#define PROTO_PERIOD_MS_MAX 60000
#define PROTO_RAMP_MS_MAX 60000 /* soft start of an actuator */
#define PROTO_ELAPSED_MS_MAX 86400000
#define PROTO_SPREAD_MS_MAX 600000
#define PROTO_COUNT_MAX 9007199254740991 /* 2^53 - 1: counters are exact in every JSON reader */
#define PROTO_TIME_MS_MAX 7258118399999  /* 2199-12-31T23:59:59.999Z */

#endif
