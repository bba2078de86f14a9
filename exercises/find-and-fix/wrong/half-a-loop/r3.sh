#!/bin/sh
set -e
nft delete table ip ${leftover}
