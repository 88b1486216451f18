/* Values of wScriptRunning: the player event now running. */
#ifndef PLAYER_EVENT_H
#define PLAYER_EVENT_H

enum {
    SCRIPT_NONE,
    SCRIPT_SEEN_BY_TRAINER,
    SCRIPT_TALK_TRAINER,
    SCRIPT_ITEM_BALL,
    SCRIPT_CONNECTION,
    SCRIPT_WARP,
    SCRIPT_WHITE_OUT = 7,
    SCRIPT_EGG,
    SCRIPT_TURNING = 9,
    SCRIPT_TALK = 255
};

#endif
